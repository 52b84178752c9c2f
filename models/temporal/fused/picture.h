// What the post-pass reads, and where its pixels and fetches lie. Images are float32: samples, statistics and parameters
// in planes (batch, channels, height, width), history with its four channels (RGB of accumulation space and the weight
// N) side by side (batch, height, width, 4).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace passes {

constexpr int PARAMETERS = 12;
enum { A, B, C, INTERPOLATION, GAIN, KEEP, GAMMA, SHARPNESS, FETCH, OFFSET_X, OFFSET_Y, REJECT };

struct Sizes {
    int batch, width, height, display_width, display_height, scale;
};

struct Inputs {
    const float *parameters, *samples, *mean, *deviation, *motion, *bare, *jitter, *history, *exposure_ratio;
    const std::uint8_t* reset;
};

using Row = std::vector<float>;

// Along one axis: where a display pixel's centre lies among the LR samples, for the parameters and the nearest sample.
struct Position {
    int nearest, lower, upper;
    float part;  // of `upper`
};

inline Position position(int pixel, int pixels, int samples, float jitter) {
    const float at = (pixel + 0.5f) * (static_cast<float>(samples) / pixels) - jitter;
    const float low = std::floor(at - 0.5f);
    const int last = samples - 1, index = static_cast<int>(low);
    return {std::clamp(static_cast<int>(std::floor(at)), 0, last), std::clamp(index, 0, last),
            std::clamp(index + 1, 0, last), at - 0.5f - low};
}

// Four taps of the history filter along an axis and their derivatives; sharpness 0 is bilinear, 1 Catmull-Rom.
struct Taps {
    float weight[4], by_place[4], by_sharpness[4];
};

inline Taps taps(float f, float sharpness) {
    const float shape = 0.5f * f * (1.0f - f), lobe = sharpness * shape, slope = 0.5f * sharpness * (1.0f - 2.0f * f);
    return {{-lobe * (1.0f - f), 1.0f - f + lobe * (2.0f - 3.0f * f), f - lobe * (1.0f - 3.0f * f), -lobe * f},
            {lobe - slope * (1.0f - f), -1.0f + slope * (2.0f - 3.0f * f) - 3.0f * lobe,
             1.0f - slope * (1.0f - 3.0f * f) + 3.0f * lobe, -slope * f - lobe},
            {-shape * (1.0f - f), shape * (2.0f - 3.0f * f), -shape * (1.0f - 3.0f * f), -shape * f}};
}

// Where a fetch lies in the history, edges repeated: indices of `count` pixels a row and column, and the way between.
template <int count>
struct Footprint {
    int column[count], row[count];
    float x, y;
};

template <int count>
inline Footprint<count> footprint(float x, float y, int width, int height) {
    Footprint<count> at;
    const float left = std::floor(x - 0.5f), top = std::floor(y - 0.5f);
    // Far outside, and where motion is not finite, any pixel does: its weight is 0 or the loss is refused.
    const int column = static_cast<int>(std::max(-1e6f, std::min(1e6f, left)));
    const int row = static_cast<int>(std::max(-1e6f, std::min(1e6f, top)));
    for (int i = 0; i < count; ++i) {
        at.column[i] = std::clamp(column + i - count / 2 + 1, 0, width - 1);
        at.row[i] = std::clamp(row + i - count / 2 + 1, 0, height - 1);
    }
    at.x = x - 0.5f - left;
    at.y = y - 0.5f - top;
    return at;
}

}  // namespace passes
