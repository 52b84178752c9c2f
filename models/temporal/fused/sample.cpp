// Bilinear reading of images of four channels at arbitrary positions, and its backward with respect to the image: the
// same as models/temporal/sampling.py's `bilinear`, which is its test.
#include "picture.h"
#include "vectors.h"

namespace {

using namespace passes;

// Calls `visit` with the index of each of the four pixels around a position, in the item's image, and its weight.
template <typename Visit>
void each_corner(float x, float y, int width, int height, Visit visit) {
    const auto at = footprint<2>(x, y, width, height);
    for (int j = 0; j < 2; ++j)
        for (int i = 0; i < 2; ++i)
            visit(static_cast<std::int64_t>(at.row[j]) * width + at.column[i],
                  (i ? at.x : 1 - at.x) * (j ? at.y : 1 - at.y));
}

}  // namespace

extern "C" {

// `image` (batch, height, width, 4), `positions` (batch, 2, count): x then y, `out` (batch, count, 4).
void sample_forward(const float* image, int batch, int height, int width, const float* positions, int count, float* out) {
    for (std::int64_t item = 0; item < batch; ++item) {
        const float *from = image + item * height * width * 4, *x = positions + item * 2 * count, *y = x + count;
        for (int i = 0; i < count; ++i) {
            Lane value{};
            each_corner(x[i], y[i], width, height,
                        [&](std::int64_t pixel, float weight) { value += weight * load(from + pixel * 4); });
            std::memcpy(out + (item * count + i) * 4, &value, sizeof value);
        }
    }
}

// `d_image` is added to.
void sample_backward(const float* d_out, int batch, int height, int width, const float* positions, int count,
                     float* d_image) {
    for (std::int64_t item = 0; item < batch; ++item) {
        float* to = d_image + item * height * width * 4;
        const float *x = positions + item * 2 * count, *y = x + count;
        for (int i = 0; i < count; ++i) {
            const Lane d = load(d_out + (item * count + i) * 4);
            each_corner(x[i], y[i], width, height,
                        [&](std::int64_t pixel, float weight) { add(to + pixel * 4, weight * d); });
        }
    }
}
}
