//! Layers: models that are applied within models.
