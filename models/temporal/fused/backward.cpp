// The post-pass's gradients, by hand: one walk over the picture with what forward has kept.
#include "walk.h"

namespace passes {
namespace {

class Backward : public Walk {
  public:
    Backward(const Sizes& sizes, const Inputs& inputs) : Walk(sizes, inputs), d_total(blank), d_centre(blank) {
        dp.assign(PARAMETERS, blank);
        for (auto* rows : {&d_gaussian, &d_sharp}) rows->assign(3, blank);
        d_plain.assign(4, blank);
    }

    // `d_history`, `d_output` are gradients of the answers; `d_parameters` and `d_before` are added to.
    void run(const float* kept, const float* d_history, const float* d_output, float* d_parameters, float* d_before) {
        for (int item = 0; item < s.batch; ++item) {
            begin(item);
            for (int y = 0; y < s.display_height; ++y) {
                row(item, y);
                for (auto& values : dp) std::fill(values.begin(), values.end(), 0.0f);
                for (int k = 0; k < s.scale * s.scale; ++k) {
                    sub_pixel(y, k);
                    interpolate();
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
    std::vector<Row> dp, d_gaussian, d_sharp, d_plain;
    Row d_total, d_centre;

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
            const Wide interpolation = wide(&p[INTERPOLATION][x]);
            Wide d_alpha{}, d_excess{}, d_interpolation{}, d_away[3];
            for (int c = 0; c < 3; ++c) {
                d_alpha += d_mixed[c] * (b.current[c] - b.clipped[c]);
                const Wide d_current = d_mixed[c] * b.alpha;
                d_interpolation += d_current * (wide(&interpolated[c][x]) - wide(&gaussian[c][x]));
                put(&d_gaussian[c][x], d_current * (1.0f - interpolation));
                const Wide d_clipped = d_mixed[c] * (1.0f - b.alpha);
                d_away[c] = d_clipped / divisor;
                d_excess -= d_clipped * b.away[c] / square;
            }
            add_to(INTERPOLATION, x, d_interpolation);
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
            const Wide sum = wide(&total[x]);
            Wide d_colour[3], d_sum = wide(&d_total[x]), by_a{}, by_b{}, by_c{};
            for (int c = 0; c < 3; ++c) {
                d_colour[c] = wide(&d_gaussian[c][x]) / sum;
                d_sum -= d_colour[c] * wide(&gaussian[c][x]);
            }
            each_tap(x, [&](int i, const Tap& tap) {
                Wide d_weight = d_sum;
                for (int c = 0; c < 3; ++c) d_weight += d_colour[c] * wide(&around[i * 3 + c][x]);
                const Wide d_power = -d_weight * tap.gauss;
                by_a += d_power * tap.u * tap.along;
                by_b += d_power * tap.u * tap.down;
                by_c += d_power * tap.v * tap.down;
            });
            add_to(A, x, by_a);
            add_to(B, x, by_b);
            add_to(C, x, by_c);
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
            float* image = plane(d_parameters, item, PARAMETERS, k);
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
}  // namespace passes

extern "C" void resolve_backward(const passes::Sizes* sizes, const passes::Inputs* inputs, const float* kept,
                                 const float* d_history, const float* d_output, float* d_parameters, float* d_before) {
    passes::Backward(*sizes, *inputs).run(kept, d_history, d_output, d_parameters, d_before);
}
