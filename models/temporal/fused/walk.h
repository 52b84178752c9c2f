// What forward and backward of the post-pass share: the walk over the picture, row by row of display pixels, and what one
// of the rows of history pixels that lie in it is made of. The same mathematics as models/temporal/postpass.py, which is
// its test, and shaders/neural/resolve.frag. Constants come as macros from app/inference/channels.py.
#pragma once

#include <array>

#include "picture.h"
#include "vectors.h"

namespace passes {

class Walk {
  public:
    // Floats that forward keeps for backward.
    std::int64_t kept() const {
        return static_cast<std::int64_t>(s.batch) * s.display_height * s.scale * s.scale * KEPT_ROWS * n;
    }

  protected:
    static constexpr int KEPT_ROWS = 14;

    const Sizes s;
    const Inputs in;
    const int n, history_width, history_height;
    const Row blank;  // whole vectors of pixels; those behind the row's end are calculated and not used
    std::vector<Position> columns;
    Position line{};
    float jitter_x = 0, jitter_y = 0, ratio = 1, dy = 0;
    bool reset = false;
    std::vector<Row> p, around, mean, deviation, gaussian, interpolated, sharp, plain, motion;
    std::vector<Row> pixel, picture;  // history's channels and the picture's colour, or the gradients of both
    Row bare, total, dx, centre, inside, other_inside;

    Walk(const Sizes& sizes, const Inputs& inputs)
        : s(sizes), in(inputs), n(sizes.display_width), history_width(n * sizes.scale),
          history_height(sizes.display_height * sizes.scale), blank((n + WIDTH - 1) / WIDTH * WIDTH, 1.0f), columns(n) {
        p.assign(PARAMETERS, blank);
        around.assign(27, blank);
        for (auto* rows : {&mean, &deviation, &gaussian, &interpolated, &sharp, &picture}) rows->assign(3, blank);
        for (auto* rows : {&motion, &plain, &pixel}) rows->assign(4, blank);
        for (auto* row : {&bare, &total, &dx, &centre, &inside, &other_inside}) *row = blank;
    }

    void begin(int item) {
        jitter_x = in.jitter[2 * item];
        jitter_y = in.jitter[2 * item + 1];
        ratio = in.exposure_ratio[item];
        reset = in.reset[item] != 0;
        for (int x = 0; x < n; ++x) columns[x] = position(x, n, s.width, jitter_x);
    }

    template <typename Float>
    Float* plane(Float* image, int item, int count, int channel) const {
        return image + (static_cast<std::int64_t>(item) * count + channel) * s.width * s.height;
    }

    void nearest(const float* image, int item, int count, std::vector<Row>& to) {
        for (int c = 0; c < count; ++c) {
            const float* from = plane(image, item, count, c) + line.nearest * s.width;
            for (int x = 0; x < n; ++x) to[c][x] = from[columns[x].nearest];
        }
    }

    void row(int item, int y) {
        line = position(y, s.display_height, s.height, jitter_y);
        for (int k = 0; k < PARAMETERS; ++k) {
            const float* image = plane(in.parameters, item, PARAMETERS, k);
            const float *upper = image + line.lower * s.width, *lower = image + line.upper * s.width;
            for (int x = 0; x < n; ++x) {
                const auto& at = columns[x];
                const float left = upper[at.lower] + line.part * (lower[at.lower] - upper[at.lower]);
                const float right = upper[at.upper] + line.part * (lower[at.upper] - upper[at.upper]);
                p[k][x] = left + at.part * (right - left);
            }
        }
        for (int i = 0; i < 9; ++i)
            for (int c = 0; c < 3; ++c) {
                const float* from = plane(in.samples, item, 3, c) +
                                    std::clamp(line.nearest + i / 3 - 1, 0, s.height - 1) * s.width;
                for (int x = 0; x < n; ++x)
                    around[i * 3 + c][x] = from[std::clamp(columns[x].nearest + i % 3 - 1, 0, s.width - 1)];
            }
        nearest(in.mean, item, 3, mean);
        nearest(in.deviation, item, 3, deviation);
        nearest(in.motion, item, 4, motion);
        const float* from = plane(in.bare, item, 1, 0) + line.nearest * s.width;
        for (int x = 0; x < n; ++x) bare[x] = from[columns[x].nearest];
    }

    std::array<Row*, KEPT_ROWS> kept_rows() {
        return {&gaussian[0], &gaussian[1], &gaussian[2], &total,    &sharp[0], &sharp[1], &sharp[2],
                &plain[0],    &plain[1],    &plain[2],    &plain[3], &centre,   &inside,   &other_inside};
    }

    void sub_pixel(int y, int k) {
        const float per_x = static_cast<float>(s.width) / history_width;
        const float per_y = static_cast<float>(s.height) / history_height;
        for (int x = 0; x < n; ++x)
            dx[x] = columns[x].nearest + 0.5f - ((x * s.scale + k % s.scale + 0.5f) * per_x - jitter_x);
        dy = line.nearest + 0.5f - ((y * s.scale + k / s.scale + 0.5f) * per_y - jitter_y);
    }

    // The samples interpolated bilinearly at each history pixel. Tents among the 3x3 sum to 1: none is a whole LR pixel
    // away from the nearest sample.
    void interpolate() {
        for (int x = 0; x < n; x += WIDTH) {
            const Wide from = wide(&dx[x]), across[3] = {tent(from - 1.0f), tent(from), tent(from + 1.0f)};
            Wide colour[3] = {};
            for (int j = 0; j < 3; ++j) {
                const float down = std::max(1.0f - std::abs(dy + (j - 1)), 0.0f);
                for (int i = 0; i < 3; ++i)
                    for (int c = 0; c < 3; ++c) colour[c] += down * across[i] * wide(&around[(j * 3 + i) * 3 + c][x]);
            }
            for (int c = 0; c < 3; ++c) put(&interpolated[c][x], colour[c]);
        }
    }

    // One of the 3x3 samples around the nearest: the way to it and what the Gaussian gives it.
    struct Tap {
        Wide along, u, v, gauss;
        float down;
    };

    template <typename Visit>
    void each_tap(int x, Visit visit) const {
        const Wide a = wide(&p[A][x]), b = wide(&p[B][x]), c = wide(&p[C][x]), from = wide(&dx[x]);
        for (int j = 0; j < 3; ++j) {
            const float down = dy + (j - 1);
            const Wide v = c * down;
            for (int i = 0; i < 3; ++i) {
                const Wide along = from + static_cast<float>(i - 1), u = a * along + b * down;
                visit(j * 3 + i, Tap{along, u, v, exponential(-0.5f * (u * u + v * v)), down});
            }
        }
    }

    struct Place {
        float main_x, main_y, other_x, other_y;  // history pixels, without the predicted offset
    };

    Place place(int y, int k, int x) const {
        const float here_x = x * s.scale + k % s.scale + 0.5f, here_y = y * s.scale + k / s.scale + 0.5f;
        const float scale_x = static_cast<float>(history_width) / s.width;
        const float scale_y = static_cast<float>(history_height) / s.height;
        // The motion that the network prefers: the pixel's own, or the nearest surface's.
        const int main = p[FETCH][x] > 0.5f ? 2 : 0, other = 2 - main;
        return {here_x + motion[main][x] * scale_x, here_y + motion[main + 1][x] * scale_y,
                here_x + motion[other][x] * scale_x, here_y + motion[other + 1][x] * scale_y};
    }

    bool on_screen(float x, float y) const { return x >= 0 && x <= history_width && y >= 0 && y <= history_height; }

    template <typename Float>
    Float* at(Float* image, int item, int column, int row) const {
        return image + ((static_cast<std::int64_t>(item) * history_height + row) * history_width + column) * 4;
    }

    // What becomes of WIDTH history pixels, with all that their backward needs.
    struct Blend {
        Wide share, fetched[3], remembered_weight, denominator, gamma, half[3], away[3], excess, clipped[3], current[3],
            weight, kept, alpha, rgb[3], first, second;  // whether that channel leaves its bounds the furthest
    };

    Blend blend(int x) const {
        Blend b;
        const Wide fetch = wide(&p[FETCH][x]);
        b.share = fetch > 0.5f ? 1.0f - fetch : fetch;
        const Wide main = wide(&inside[x]) * wide(&centre[x]), other = wide(&other_inside[x]) * wide(&plain[3][x]);
        b.remembered_weight = main + b.share * (other - main);
        Wide peak{}, rgb[3];
        for (int c = 0; c < 3; ++c) {
            const Wide taken = wide(&sharp[c][x]);
            b.fetched[c] = taken + b.share * (wide(&plain[c][x]) - taken);
            peak = larger(peak, b.fetched[c]);
        }
        b.denominator = 1.0f + float(ACCUMULATION_KNEE) * (ratio - 1.0f) * peak;
        for (int c = 0; c < 3; ++c) rgb[c] = larger(b.fetched[c], 0.0f) * ratio / b.denominator;
        const Wide half_sum = 0.5f * (rgb[0] + rgb[2]);
        const Wide ycocg[3] = {0.5f * (half_sum + rgb[1]), 0.5f * (rgb[0] - rgb[2]), 0.5f * (rgb[1] - half_sum)};
        const Wide asked = wide(&p[GAMMA][x]), bounded = smaller(asked, float(GAMMA_BARE));
        b.gamma = bounded + wide(&bare[x]) * (asked - bounded);
        const Wide square = b.gamma * b.gamma, slack = float(CLIP_SLACK) * square * square + 1e-5f;
        Wide excess[3];
        for (int c = 0; c < 3; ++c) {
            b.half[c] = b.gamma * wide(&deviation[c][x]) + slack;
            b.away[c] = ycocg[c] - wide(&mean[c][x]);
            excess[c] = larger(b.away[c], -b.away[c]) / b.half[c];
        }
        b.excess = larger(excess[0], larger(excess[1], excess[2]));
        const Wide one = Wide{} + 1.0f, divisor = larger(b.excess, one);
        b.first = excess[0] >= b.excess ? one : Wide{};
        b.second = excess[1] >= b.excess ? 1.0f - b.first : Wide{};
        b.weight = wide(&p[GAIN][x]) * wide(&total[x]);
        b.kept = b.remembered_weight * wide(&p[KEEP][x]) * (1.0f - wide(&p[REJECT][x]) * (1.0f - 1.0f / divisor));
        b.alpha = b.weight / (b.weight + b.kept);
        Wide mixed[3];
        for (int c = 0; c < 3; ++c) {
            b.clipped[c] = wide(&mean[c][x]) + b.away[c] / divisor;
            const Wide gauss = wide(&gaussian[c][x]);
            b.current[c] = gauss + wide(&p[INTERPOLATION][x]) * (wide(&interpolated[c][x]) - gauss);
            mixed[c] = b.clipped[c] + b.alpha * (b.current[c] - b.clipped[c]);
        }
        b.rgb[0] = mixed[0] + mixed[1] - mixed[2];
        b.rgb[1] = mixed[0] + mixed[2];
        b.rgb[2] = mixed[0] - mixed[1] - mixed[2];
        return b;
    }
};

}  // namespace passes
