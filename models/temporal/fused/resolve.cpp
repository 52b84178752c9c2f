// The post-pass on a CPU, forward and backward in one walk over the picture: the same mathematics as
// models/temporal/postpass.py, which is its test, and shaders/neural/resolve.frag. Constants come as macros from
// app/inference/channels.py.
//
// Images are float32: samples, statistics and parameters in planes (batch, channels, height, width), history with its
// four channels (RGB of accumulation space and the weight N) side by side (batch, height, width, 4).
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr int PARAMETERS = 12;
enum { A, B, C, LANCZOS, GAIN, KEEP, GAMMA, SHARPNESS, FETCH, OFFSET_X, OFFSET_Y, REJECT };

using Lane = float __attribute__((vector_size(16), aligned(4)));  // the channels of one history pixel

inline Lane load(const float* from) {
    Lane value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

inline void add(float* to, Lane value) {
    value += load(to);
    std::memcpy(to, &value, sizeof value);
}

constexpr int WIDTH = 8;
using Wide = float __attribute__((vector_size(4 * WIDTH), aligned(4)));  // so many history pixels of a row at once

inline Wide wide(const float* from) {
    Wide value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

inline void put(float* to, Wide value) { std::memcpy(to, &value, sizeof value); }

// Where `a` is not a number, so is the answer.
inline Wide larger(Wide a, Wide b) { return a < b ? b : a; }

inline Wide smaller(Wide a, Wide b) { return a > b ? b : a; }

inline Wide larger(Wide a, float b) { return larger(a, Wide{} + b); }

inline Wide smaller(Wide a, float b) { return smaller(a, Wide{} + b); }

inline float dot3(Lane a, Lane b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// exp(x) for x <= 0, to 3e-7 of its value.
inline Wide exponential(Wide x) {
    using Whole = std::int32_t __attribute__((vector_size(4 * WIDTH)));
    const Wide octaves = larger(x * 1.44269504f, -120.0f);
    const Whole whole = __builtin_convertvector(octaves - 0.5f, Whole);
    const Wide part = (octaves - __builtin_convertvector(whole, Wide)) * 0.69314718f;
    const Wide power = 1.0f + part * (1.0f + part * (0.5f + part * (0.16666667f + part * (0.041666667f +
                       part * (0.0083333333f + part * 0.0013888889f)))));
    const Whole bits = (whole + 127) << 23;
    return power * (Wide)bits;
}

// Lanczos-2 as a polynomial (AMD FSR1's), for |x| <= 2.
inline Wide lanczos(Wide x) {
    const Wide square = smaller(x * x, 4.0f), window = 0.25f * square - 1.0f, base = 0.4f * square - 1.0f;
    return (25.0f / 16.0f * base * base - 9.0f / 16.0f) * window * window;
}

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

Position position(int pixel, int pixels, int samples, float jitter) {
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

// One display row with everything that its pixels share, and one of the rows of history pixels in it at a time.
class Resolve {
  public:
    Resolve(const Sizes& sizes, const Inputs& inputs)
        : s(sizes), in(inputs), n(sizes.display_width), history_width(n * sizes.scale),
          history_height(sizes.display_height * sizes.scale), columns(n) {
        // Whole vectors of pixels; those behind the row's end are calculated and not used. 1, so that none is slow.
        const Row row((n + WIDTH - 1) / WIDTH * WIDTH, 1.0f);
        for (auto* rows : {&p, &dp}) rows->assign(PARAMETERS, row);
        around.assign(27, row);
        for (auto* rows : {&low, &high, &mean, &deviation, &current, &sharp, &picture, &d_current, &d_sharp})
            rows->assign(3, row);
        for (auto* rows : {&motion, &plain, &pixel, &d_plain}) rows->assign(4, row);
        for (auto* one : {&bare, &total, &raw_total, &dx, &centre, &inside, &other_inside, &d_total, &d_centre}) *one = row;
    }

    // Floats that `forward` keeps for `backward`.
    std::int64_t kept() const {
        return static_cast<std::int64_t>(s.batch) * s.display_height * s.scale * s.scale * KEPT_ROWS * n;
    }

    void forward(float* history, float* output, float* kept) {
        for (int item = 0; item < s.batch; ++item) {
            begin(item);
            for (int y = 0; y < s.display_height; ++y) {
                row(item, y);
                for (int k = 0; k < s.scale * s.scale; ++k) {
                    sub_pixel(y, k);
                    spread();
                    for (int x = 0; x < n; ++x) fetch(item, y, k, x);
                    finish(item, y, k, history, output);
                    for (Row* row : kept_rows()) kept = std::copy_n(row->begin(), n, kept);
                }
            }
        }
    }

    // `d_history`, `d_output` are gradients of the answers; `d_parameters` and `d_before` are added to.
    void backward(const float* kept, const float* d_history, const float* d_output, float* d_parameters, float* d_before) {
        for (int item = 0; item < s.batch; ++item) {
            begin(item);
            for (int y = 0; y < s.display_height; ++y) {
                row(item, y);
                for (auto& values : dp) std::fill(values.begin(), values.end(), 0.0f);
                for (int k = 0; k < s.scale * s.scale; ++k) {
                    sub_pixel(y, k);
                    for (Row* row : kept_rows()) {
                        std::copy_n(kept, n, row->begin());
                        kept += n;
                    }
                    gradients(item, y, k, d_history, d_output);
                    blend_backward();
                    spread_backward();
                    fetch_backward(item, y, k, d_before);
                }
                scatter(item, d_parameters);
            }
        }
    }

  private:
    const Sizes s;
    const Inputs in;
    const int n, history_width, history_height;
    std::vector<Position> columns;
    Position line{};
    float jitter_x = 0, jitter_y = 0, ratio = 1, dy = 0;
    bool reset = false;
    std::vector<Row> p, dp, around, low, high, mean, deviation, current, sharp, plain, motion;
    std::vector<Row> pixel, picture;  // history's channels and the picture's colour, or the gradients of both
    std::vector<Row> d_current, d_sharp, d_plain;
    Row bare, total, raw_total, dx, centre, inside, other_inside, d_total, d_centre;

    void begin(int item) {
        jitter_x = in.jitter[2 * item];
        jitter_y = in.jitter[2 * item + 1];
        ratio = in.exposure_ratio[item];
        reset = in.reset[item] != 0;
        for (int x = 0; x < n; ++x) columns[x] = position(x, n, s.width, jitter_x);
    }

    const float* plane(const float* image, int item, int count, int channel) const {
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
        for (int c = 0; c < 3; ++c) {
            low[c] = high[c] = around[c];
            for (int i = 1; i < 9; ++i)
                for (int x = 0; x < n; ++x) {
                    low[c][x] = std::min(low[c][x], around[i * 3 + c][x]);
                    high[c][x] = std::max(high[c][x], around[i * 3 + c][x]);
                }
        }
        nearest(in.mean, item, 3, mean);
        nearest(in.deviation, item, 3, deviation);
        nearest(in.motion, item, 4, motion);
        const float* from = plane(in.bare, item, 1, 0) + line.nearest * s.width;
        for (int x = 0; x < n; ++x) bare[x] = from[columns[x].nearest];
    }

    static constexpr int KEPT_ROWS = 15;

    std::array<Row*, KEPT_ROWS> kept_rows() {
        return {&current[0], &current[1], &current[2], &raw_total, &total,  &sharp[0], &sharp[1],    &sharp[2],
                &plain[0],   &plain[1],   &plain[2],   &plain[3],  &centre, &inside,   &other_inside};
    }

    void sub_pixel(int y, int k) {
        const float per_x = static_cast<float>(s.width) / history_width;
        const float per_y = static_cast<float>(s.height) / history_height;
        for (int x = 0; x < n; ++x)
            dx[x] = columns[x].nearest + 0.5f - ((x * s.scale + k % s.scale + 0.5f) * per_x - jitter_x);
        dy = line.nearest + 0.5f - ((y * s.scale + k / s.scale + 0.5f) * per_y - jitter_y);
    }

    // One of the 3x3 samples around the nearest: the way to it and what the kernel gives it.
    struct Tap {
        Wide along, u, v, gauss, lanczos;
        float down;
    };

    template <typename Visit>
    void each_tap(int x, Visit visit) const {
        const Wide a = wide(&p[A][x]), b = wide(&p[B][x]), c = wide(&p[C][x]), from = wide(&dx[x]);
        const Wide across[3] = {lanczos(from - 1.0f), lanczos(from), lanczos(from + 1.0f)};
        for (int j = 0; j < 3; ++j) {
            const float down = dy + (j - 1);
            const Wide v = c * down, lanczos_y = lanczos(Wide{} + down);
            for (int i = 0; i < 3; ++i) {
                const Wide along = from + static_cast<float>(i - 1), u = a * along + b * down;
                visit(j * 3 + i, Tap{along, u, v, exponential(-0.5f * (u * u + v * v)), across[i] * lanczos_y, down});
            }
        }
    }

    // The current frame's colour at each history pixel and the weight it carries, before clamping and gain.
    void spread() {
        for (int x = 0; x < n; x += WIDTH) {
            const Wide mix = wide(&p[LANCZOS][x]);
            Wide sum{}, colour[3] = {};
            each_tap(x, [&](int i, const Tap& tap) {
                const Wide weight = tap.gauss + mix * (tap.lanczos - tap.gauss);
                sum += weight;
                for (int c = 0; c < 3; ++c) colour[c] += weight * wide(&around[i * 3 + c][x]);
            });
            const Wide safe = larger(sum, 1e-5f);
            put(&raw_total[x], sum);
            put(&total[x], safe);
            for (int c = 0; c < 3; ++c) put(&current[c][x], colour[c] / safe);
        }
    }

    struct Place {
        float main_x, main_y, other_x, other_y;  // history pixels, without the predicted offset
        bool own;                                // the network prefers the pixel's own motion
    };

    Place place(int y, int k, int x) const {
        const float here_x = x * s.scale + k % s.scale + 0.5f, here_y = y * s.scale + k / s.scale + 0.5f;
        const float scale_x = static_cast<float>(history_width) / s.width;
        const float scale_y = static_cast<float>(history_height) / s.height;
        const bool own = p[FETCH][x] > 0.5f;
        const int main = own ? 2 : 0, other = 2 - main;
        return {here_x + motion[main][x] * scale_x, here_y + motion[main + 1][x] * scale_y,
                here_x + motion[other][x] * scale_x, here_y + motion[other + 1][x] * scale_y, own};
    }

    bool on_screen(float x, float y) const { return x >= 0 && x <= history_width && y >= 0 && y <= history_height; }

    template <typename Float>
    Float* at(Float* image, int item, int column, int row) const {
        return image + ((static_cast<std::int64_t>(item) * history_height + row) * history_width + column) * 4;
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

    // What becomes of WIDTH history pixels, with all that their backward needs.
    struct Blend {
        Wide share, fetched[3], remembered_weight, denominator, gamma, half[3], away[3], excess, clipped[3], clamped[3],
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
            b.clamped[c] = smaller(larger(wide(&current[c][x]), wide(&low[c][x])), wide(&high[c][x]));
            mixed[c] = b.clipped[c] + b.alpha * (b.clamped[c] - b.clipped[c]);
        }
        b.rgb[0] = mixed[0] + mixed[1] - mixed[2];
        b.rgb[1] = mixed[0] + mixed[2];
        b.rgb[2] = mixed[0] - mixed[1] - mixed[2];
        return b;
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

    // Spreads the gradient of the largest of three channels evenly over those that are as large, as torch's amax does.
    static void add_peak(Wide gradient, const Wide* rgb, Wide peak, Wide* to) {
        Wide count{}, equal[3];
        for (int c = 0; c < 3; ++c) {
            equal[c] = rgb[c] >= peak ? Wide{} + 1.0f : Wide{};
            count += equal[c];
        }
        for (int c = 0; c < 3; ++c) to[c] += equal[c] * gradient / count;
    }

    void gradients(int item, int y, int k, const float* d_history, const float* d_output) {
        const float* from = at(d_history, item, k % s.scale, y * s.scale + k / s.scale);
        for (int x = 0; x < n; ++x)
            for (int c = 0; c < 4; ++c) pixel[c][x] = from[x * s.scale * 4 + c];
        for (int c = 0; c < 3; ++c) {
            const float* out = d_output + ((static_cast<std::int64_t>(item) * 3 + c) * s.display_height + y) * n;
            std::copy(out, out + n, picture[c].begin());
        }
    }

    void blend_backward() {
        const float part = 1.0f / (s.scale * s.scale), knee = float(ACCUMULATION_KNEE);
        const Wide none{}, one = none + 1.0f;
        for (int x = 0; x < n; x += WIDTH) {
            const Blend b = blend(x);
            Wide positive[3], d_rgb[3], peak{}, d_peak{};
            for (int c = 0; c < 3; ++c) {
                positive[c] = larger(b.rgb[c], 0.0f);
                peak = larger(peak, positive[c]);
            }
            const Wide linear = 1.0f - knee * peak, safe = larger(linear, 1e-4f);
            for (int c = 0; c < 3; ++c) {
                const Wide d = wide(&picture[c][x]) * part;
                d_rgb[c] = wide(&pixel[c][x]) + d / safe;
                d_peak += d * positive[c];
            }
            add_peak(linear >= 1e-4f ? d_peak * knee / (safe * safe) : none, positive, peak, d_rgb);
            for (int c = 0; c < 3; ++c) d_rgb[c] = b.rgb[c] < 0.0f ? none : d_rgb[c];
            const Wide d_mixed[3] = {d_rgb[0] + d_rgb[1] + d_rgb[2], d_rgb[0] - d_rgb[2], d_rgb[1] - d_rgb[0] - d_rgb[2]};

            const Wide sum = b.weight + b.kept, divisor = larger(b.excess, one), square = divisor * divisor;
            Wide d_alpha{}, d_excess{}, d_away[3];
            for (int c = 0; c < 3; ++c) {
                d_alpha += d_mixed[c] * (b.clamped[c] - b.clipped[c]);
                const Wide raw = wide(&current[c][x]), d = d_mixed[c] * b.alpha;
                put(&d_current[c][x], raw < wide(&low[c][x]) ? none : raw > wide(&high[c][x]) ? none : d);
                const Wide d_clipped = d_mixed[c] * (1.0f - b.alpha);
                d_away[c] = d_clipped / divisor;
                d_excess -= d_clipped * b.away[c] / square;
            }
            const Wide d_sum = sum > float(MAX_WEIGHT) ? none : wide(&pixel[3][x]);
            const Wide d_weight = d_sum + d_alpha * b.kept / (sum * sum);
            const Wide d_kept = d_sum - d_alpha * b.weight / (sum * sum);
            add_to(GAIN, x, d_weight * wide(&total[x]));
            put(&d_total[x], d_weight * wide(&p[GAIN][x]));

            const Wide keep = wide(&p[KEEP][x]), reject = wide(&p[REJECT][x]);
            const Wide lost = 1.0f - 1.0f / divisor, survives = 1.0f - reject * lost;
            const Wide d_remembered = d_kept * keep * survives;
            add_to(KEEP, x, d_kept * b.remembered_weight * survives);
            add_to(REJECT, x, -d_kept * b.remembered_weight * keep * lost);
            d_excess -= d_kept * b.remembered_weight * keep * reject / square;
            d_excess = b.excess >= 1.0f ? d_excess : none;
            const Wide widest[3] = {b.first, b.second, 1.0f - b.first - b.second};
            Wide d_gamma{};
            for (int c = 0; c < 3; ++c) {
                const Wide d = widest[c] * d_excess / b.half[c];
                d_away[c] += b.away[c] < 0.0f ? -d : d;
                d_gamma -= d * b.excess *
                           (wide(&deviation[c][x]) + 4.0f * float(CLIP_SLACK) * b.gamma * b.gamma * b.gamma);
            }
            add_to(GAMMA, x, wide(&p[GAMMA][x]) > float(GAMMA_BARE) ? d_gamma * wide(&bare[x]) : d_gamma);

            Wide d_colour[3] = {0.25f * d_away[0] + 0.5f * d_away[1] - 0.25f * d_away[2],
                                0.5f * d_away[0] + 0.5f * d_away[2],
                                0.25f * d_away[0] - 0.5f * d_away[1] - 0.25f * d_away[2]};
            Wide brightest{}, d_brightest{};
            for (int c = 0; c < 3; ++c) {
                positive[c] = larger(b.fetched[c], 0.0f);
                brightest = larger(brightest, positive[c]);
                d_brightest -= d_colour[c] * positive[c];
                d_colour[c] *= ratio / b.denominator;
            }
            if (ratio != 1.0f)
                add_peak(d_brightest * ratio * knee * (ratio - 1.0f) / (b.denominator * b.denominator), positive, brightest,
                         d_colour);
            const Wide in_main = wide(&inside[x]), in_other = wide(&other_inside[x]);
            Wide d_share = d_remembered * (in_other * wide(&plain[3][x]) - in_main * wide(&centre[x]));
            for (int c = 0; c < 3; ++c) {
                d_colour[c] = b.fetched[c] < 0.0f ? none : d_colour[c];
                d_share += d_colour[c] * (wide(&plain[c][x]) - wide(&sharp[c][x]));
                put(&d_sharp[c][x], d_colour[c] * (1.0f - b.share));
                put(&d_plain[c][x], d_colour[c] * b.share);
            }
            put(&d_centre[x], d_remembered * (1.0f - b.share) * in_main);
            put(&d_plain[3][x], d_remembered * b.share * in_other);
            add_to(FETCH, x, wide(&p[FETCH][x]) > 0.5f ? -d_share : d_share);
        }
    }

    void spread_backward() {
        for (int x = 0; x < n; x += WIDTH) {
            const Wide mix = wide(&p[LANCZOS][x]), safe = wide(&total[x]);
            Wide d_colour[3], d_sum = wide(&d_total[x]), by_a{}, by_b{}, by_c{}, by_mix{};
            for (int c = 0; c < 3; ++c) {
                d_colour[c] = wide(&d_current[c][x]) / safe;
                d_sum -= d_colour[c] * wide(&current[c][x]);
            }
            d_sum = wide(&raw_total[x]) < 1e-5f ? Wide{} : d_sum;
            each_tap(x, [&](int i, const Tap& tap) {
                Wide d_weight = d_sum;
                for (int c = 0; c < 3; ++c) d_weight += d_colour[c] * wide(&around[i * 3 + c][x]);
                by_mix += d_weight * (tap.lanczos - tap.gauss);
                const Wide d_power = d_weight * (mix - 1.0f) * tap.gauss;
                by_a += d_power * tap.u * tap.along;
                by_b += d_power * tap.u * tap.down;
                by_c += d_power * tap.v * tap.down;
            });
            add_to(A, x, by_a);
            add_to(B, x, by_b);
            add_to(C, x, by_c);
            add_to(LANCZOS, x, by_mix);
        }
    }

    void add_to(int parameter, int x, Wide gradient) { put(&dp[parameter][x], wide(&dp[parameter][x]) + gradient); }

    void fetch_backward(int item, int y, int k, float* d_before) {
        for (int x = 0; x < n; ++x) {
            const Place to = place(y, k, x);
            const float ox = p[OFFSET_X][x], oy = p[OFFSET_Y][x];
            sharp_backward(item, x, footprint<4>(to.main_x + ox, to.main_y + oy, history_width, history_height), d_before);
            const auto g = footprint<2>(to.other_x + ox, to.other_y + oy, history_width, history_height);
            const Lane d = {d_plain[0][x], d_plain[1][x], d_plain[2][x], d_plain[3][x]};
            float by_x = 0, by_y = 0;
            for (int j = 0; j < 2; ++j)
                for (int i = 0; i < 2; ++i) {
                    const float wx = i ? g.x : 1 - g.x, wy = j ? g.y : 1 - g.y;
                    const Lane value = load(at(in.history, item, g.column[i], g.row[j])) * d;
                    const float along = value[0] + value[1] + value[2] + value[3];
                    by_x += (i ? wy : -wy) * along;
                    by_y += (j ? wx : -wx) * along;
                    add(at(d_before, item, g.column[i], g.row[j]), d * (wx * wy));
                }
            dp[OFFSET_X][x] += by_x;
            dp[OFFSET_Y][x] += by_y;
        }
    }

    void sharp_backward(int item, int x, const Footprint<4>& f, float* d_before) {
        const Taps tx = taps(f.x, p[SHARPNESS][x]), ty = taps(f.y, p[SHARPNESS][x]);
        const Lane d = {d_sharp[0][x], d_sharp[1][x], d_sharp[2][x], 0};
        const Lane answer = {sharp[0][x], sharp[1][x], sharp[2][x], 0};
        const float middle_x = tx.weight[1] + tx.weight[2], middle_y = ty.weight[1] + ty.weight[2];
        const float gx = tx.weight[2] / middle_x, gy = ty.weight[2] / middle_y;
        const float mid_x[4] = {0, 1 - gx, gx, 0}, mid_y[4] = {0, 1 - gy, gy, 0};
        const float side[4] = {0, -1, 1, 0};
        // The weights sum to 1 less the corners, which are left out.
        const float all = 1.0f - (tx.weight[0] + tx.weight[3]) * (ty.weight[0] + ty.weight[3]);
        const float d_answer = dot3(d, answer);
        float d_x[4] = {}, d_y[4] = {}, d_gx = 0, d_gy = 0;
        for (int j = 0; j < 4; ++j)
            for (int i = 0; i < 4; ++i) {
                if ((i == 0 || i == 3) && (j == 0 || j == 3)) continue;
                const Lane value = load(at(in.history, item, f.column[i], f.row[j]));
                const float w = tx.weight[i] * ty.weight[j], middle = mid_x[i] * mid_y[j];
                const float d_w = (dot3(d, value) - d_answer) / all;
                d_x[i] += d_w * ty.weight[j];
                d_y[j] += d_w * tx.weight[i];
                d_gx += side[i] * mid_y[j] * value[3];
                d_gy += side[j] * mid_x[i] * value[3];
                Lane change = d * (w / all);
                change[3] = d_centre[x] * middle;
                add(at(d_before, item, f.column[i], f.row[j]), change);
            }
        d_gx *= d_centre[x] / (middle_x * middle_x);
        d_gy *= d_centre[x] / (middle_y * middle_y);
        d_x[1] -= d_gx * tx.weight[2];
        d_x[2] += d_gx * tx.weight[1];
        d_y[1] -= d_gy * ty.weight[2];
        d_y[2] += d_gy * ty.weight[1];
        for (int i = 0; i < 4; ++i) {
            dp[OFFSET_X][x] += d_x[i] * tx.by_place[i];
            dp[OFFSET_Y][x] += d_y[i] * ty.by_place[i];
            dp[SHARPNESS][x] += d_x[i] * tx.by_sharpness[i] + d_y[i] * ty.by_sharpness[i];
        }
    }

    void scatter(int item, float* d_parameters) const {
        for (int k = 0; k < PARAMETERS; ++k) {
            float* image = const_cast<float*>(plane(d_parameters, item, PARAMETERS, k));
            float *upper = image + line.lower * s.width, *lower = image + line.upper * s.width;
            for (int x = 0; x < n; ++x) {
                const auto& at = columns[x];
                const float right = dp[k][x] * at.part, left = dp[k][x] - right;
                lower[at.lower] += left * line.part;
                upper[at.lower] += left * (1.0f - line.part);
                lower[at.upper] += right * line.part;
                upper[at.upper] += right * (1.0f - line.part);
            }
        }
    }
};

}  // namespace

extern "C" {

std::int64_t resolve_kept(const Sizes* sizes) { return Resolve(*sizes, Inputs{}).kept(); }

void resolve_forward(const Sizes* sizes, const Inputs* inputs, float* history, float* output, float* kept) {
    Resolve(*sizes, *inputs).forward(history, output, kept);
}

void resolve_backward(const Sizes* sizes, const Inputs* inputs, const float* kept, const float* d_history,
                      const float* d_output, float* d_parameters, float* d_before) {
    Resolve(*sizes, *inputs).backward(kept, d_history, d_output, d_parameters, d_before);
}
}
