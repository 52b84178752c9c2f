// The post-pass on a CPU: from parameters, samples and the history to the next history and the picture.
#include "walk.h"

namespace passes {
namespace {

class Forward : public Walk {
  public:
    Forward(const Sizes& sizes, const Inputs& inputs) : Walk(sizes, inputs) {}

    void run(float* history, float* output, float* kept) {
        for (int item = 0; item < s.batch; ++item) {
            begin(item);
            for (int y = 0; y < s.display_height; ++y) {
                row(item, y);
                for (int k = 0; k < s.scale * s.scale; ++k) {
                    sub_pixel(y, k);
                    interpolate();
                    spread();
                    for (int x = 0; x < n; ++x) fetch(item, y, k, x);
                    finish(item, y, k, history, output);
                    for (Row* row : kept_rows()) kept = std::copy_n(row->begin(), n, kept);
                }
            }
        }
    }

  private:
    // The samples at each history pixel under the Gaussian, and the weight that they carry before the gain.
    void spread() {
        for (int x = 0; x < n; x += WIDTH) {
            Wide sum = Wide{} + float(KERNEL_FLOOR), colour[3];
            for (int c = 0; c < 3; ++c) colour[c] = float(KERNEL_FLOOR) * wide(&interpolated[c][x]);
            each_tap(x, [&](int i, const Tap& tap) {
                sum += tap.gauss;
                for (int c = 0; c < 3; ++c) colour[c] += tap.gauss * wide(&around[i * 3 + c][x]);
            });
            put(&total[x], sum);
            for (int c = 0; c < 3; ++c) put(&gaussian[c][x], colour[c] / sum);
        }
    }

    // History at the preferred motion through the sharp filter (corners of its 4x4 left out), at the other bilinearly.
    void fetch(int item, int y, int k, int x) {
        const Place to = place(y, k, x);
        const float ox = p[OFFSET_X][x], oy = p[OFFSET_Y][x];
        const auto f = footprint<4>(to.main_x + ox, to.main_y + oy, history_width, history_height);
        const Taps tx = taps(f.x, p[SHARPNESS][x]), ty = taps(f.y, p[SHARPNESS][x]);
        Lane colour{};
        float weights = 0, weight = 0;
        const float gx = tx.weight[2] / (tx.weight[1] + tx.weight[2]), gy = ty.weight[2] / (ty.weight[1] + ty.weight[2]);
        const float mid_x[4] = {0, 1 - gx, gx, 0}, mid_y[4] = {0, 1 - gy, gy, 0};
        for (int j = 0; j < 4; ++j)
            for (int i = 0; i < 4; ++i) {
                if ((i == 0 || i == 3) && (j == 0 || j == 3)) continue;
                const Lane value = load(at(in.history, item, f.column[i], f.row[j]));
                const float w = tx.weight[i] * ty.weight[j];
                colour += w * value;
                weights += w;
                weight += mid_x[i] * mid_y[j] * value[3];
            }
        colour /= weights;
        const auto g = footprint<2>(to.other_x + ox, to.other_y + oy, history_width, history_height);
        Lane bilinear{};
        for (int j = 0; j < 2; ++j)
            for (int i = 0; i < 2; ++i)
                bilinear += (i ? g.x : 1 - g.x) * (j ? g.y : 1 - g.y) * load(at(in.history, item, g.column[i], g.row[j]));
        for (int c = 0; c < 3; ++c) sharp[c][x] = colour[c];
        for (int c = 0; c < 4; ++c) plain[c][x] = bilinear[c];
        centre[x] = weight;
        inside[x] = on_screen(to.main_x, to.main_y) && !reset ? 1.0f : 0.0f;
        other_inside[x] = on_screen(to.other_x, to.other_y) && !reset ? 1.0f : 0.0f;
    }

    void finish(int item, int y, int k, float* history, float* output) {
        const float part = 1.0f / (s.scale * s.scale);
        for (int x = 0; x < n; x += WIDTH) {
            const Blend b = blend(x);
            Wide peak{}, colour[3];
            for (int c = 0; c < 3; ++c) {
                colour[c] = larger(b.rgb[c], 0.0f);
                peak = larger(peak, colour[c]);
            }
            const Wide scale = part / larger(1.0f - float(ACCUMULATION_KNEE) * peak, 1e-4f);
            for (int c = 0; c < 3; ++c) {
                put(&pixel[c][x], colour[c]);
                put(&picture[c][x], colour[c] * scale);
            }
            put(&pixel[3][x], smaller(b.weight + b.kept, float(MAX_WEIGHT)));
        }
        float* to = at(history, item, k % s.scale, y * s.scale + k / s.scale);
        for (int x = 0; x < n; ++x)
            for (int c = 0; c < 4; ++c) to[x * s.scale * 4 + c] = pixel[c][x];
        for (int c = 0; c < 3; ++c) {
            float* out = output + ((static_cast<std::int64_t>(item) * 3 + c) * s.display_height + y) * n;
            for (int x = 0; x < n; ++x) out[x] += picture[c][x];
        }
    }
};

}  // namespace
}  // namespace passes

extern "C" {

std::int64_t resolve_kept(const passes::Sizes* sizes) { return passes::Forward(*sizes, passes::Inputs{}).kept(); }

void resolve_forward(const passes::Sizes* sizes, const passes::Inputs* inputs, float* history, float* output, float* kept) {
    passes::Forward(*sizes, *inputs).run(history, output, kept);
}
}
