//! Calls as other libraries have them

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = tf.nn.relu(x);
            let b = torch.relu(x);
            let c = x.view(4);
            let d = x.clone();
            let e = reduce_mean(x, axis = 1);
            let f = softmax_cross_entropy_with_logits(x, x);
            let g = Dense(x, units = 3);
            let h = relu(x, name = "activation");
            let i = get_variable("w", [4, 4]);
            let j = reshape(x, [batch, 2, 2]);
            let k = reshape(x, shape = [batch, -1]);
            let l = reshape(x, shape = [-1, 4]);
            let m = mean(x, axis = 1);
            let n = mean(x, keep_dims = True);
            let o = conv2d(x, x, padding = SAME);
            x
        }
    }
}

fn main() {}
