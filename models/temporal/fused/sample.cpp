// Bilinear reading of images of four channels at arbitrary positions, and its backward with respect to the image: the
// same as models/temporal/sampling.py's `bilinear`, which is its test.
#include <algorithm>
#include <cmath>

#include "vectors.h"

namespace {

using passes::Lane;
using passes::load;

struct Corners {
    std::int64_t index[4];  // of pixels, in the item's image
    float weight[4];
};

// Pixel i has its centre at i + 0.5; edges are repeated.
inline Corners corners(float x, float y, int width, int height) {
    const float left = std::floor(x - 0.5f), top = std::floor(y - 0.5f), fx = x - 0.5f - left, fy = y - 0.5f - top;
    const int column = static_cast<int>(std::max(-1e6f, std::min(1e6f, left)));
    const int row = static_cast<int>(std::max(-1e6f, std::min(1e6f, top)));
    Corners at;
    for (int i = 0; i < 4; ++i) {
        const int dx = i & 1, dy = i >> 1;
        at.index[i] = static_cast<std::int64_t>(std::clamp(row + dy, 0, height - 1)) * width +
                      std::clamp(column + dx, 0, width - 1);
        at.weight[i] = (dx ? fx : 1 - fx) * (dy ? fy : 1 - fy);
    }
    return at;
}

}  // namespace

extern "C" {

// `image` (batch, height, width, 4), `positions` (batch, 2, count): x then y, `out` (batch, count, 4).
void sample_forward(const float* image, int batch, int height, int width, const float* positions, int count, float* out) {
    for (std::int64_t item = 0; item < batch; ++item) {
        const float *from = image + item * height * width * 4, *x = positions + item * 2 * count, *y = x + count;
        for (int i = 0; i < count; ++i) {
            const Corners at = corners(x[i], y[i], width, height);
            Lane value{};
            for (int k = 0; k < 4; ++k) value += at.weight[k] * load(from + at.index[k] * 4);
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
            const Corners at = corners(x[i], y[i], width, height);
            const Lane d = load(d_out + (item * count + i) * 4);
            for (int k = 0; k < 4; ++k) passes::add(to + at.index[k] * 4, at.weight[k] * d);
        }
    }
}
}
