// Display size: spreads the samples with the predicted kernel, fetches history, clips it, blends. History may be finer than
// the display: then what holds for a display pixel is looked up once for the block of history pixels that lie in it.
// Torch twin: models/temporal/postpass.py.
#include "neural/colour.glsl"
#include "neural/history.glsl"
#include "neural/kept.glsl"
#include "neural/tensor.glsl"

uniform sampler2D samples;  // YCoCg, accumulation space, and bare; nearest
uniform sampler2D motions;  // nearest surface's, own; LR pixels; padded size, nearest
uniform usampler2D statistics;  // kept mean YCoCg and its standard deviation; padded size, nearest
uniform sampler2D kernelParameters;   // see unpack.frag, linear
uniform sampler2D historyParameters;
uniform sampler2D fetchParameters;
uniform vec2 jitter;
uniform vec2 renderSize;
uniform vec2 historySize;
uniform vec2 historyPerRender;
uniform vec2 renderPerDisplay;
uniform vec2 renderPerHistory;
uniform vec2 renderTexel;  // 1 / render size
uniform vec2 paddedTexel;  // 1 / padded size
uniform float exposure;
uniform float exposureRatio;
uniform float hasHistory;

#if HISTORY_SCALE == 1
layout(location = 0) out vec4 accumulated;  // accumulation space, weight N
layout(location = 1) out vec4 resolved;     // scene-linear before exposure
void store(int k, vec4 v) { accumulated = v; }
#else
layout(location = 0) out vec4 resolved;
layout(binding = 0) writeonly uniform image2D accumulated;
void store(int k, vec4 v) {
    imageStore(accumulated, ivec2(gl_FragCoord.xy) * HISTORY_SCALE + ivec2(k % HISTORY_SCALE, k / HISTORY_SCALE), v);
}
#endif

// What bilinear interpolation gives samples at those distances; the three sum to 1.
vec3 tent(vec3 x) { return max(1.0 - abs(x), 0.0); }

struct Current {
    vec3 colour[BLOCK];
    float weight[BLOCK];
    float bare;  // the nearest sample's (upscale/occlusion.glsl)
};

// The 3x3 samples around the nearest one, weighted at their true distances: how much they count is the Gaussian's to say,
// their colour a mix of its and of bilinear interpolation. `offset`: from the block's first pixel to the nearest sample,
// LR pixels.
Current spread(vec4 kernel, vec2 nearest, vec2 offset) {
    vec3 samplesAround[9];
    Current current;
    for (int i = 0; i < 9; ++i) {
        vec4 s = texture(samples, (nearest + vec2(i % 3, i / 3) - 0.5) * renderTexel);
        samplesAround[i] = s.rgb;
        if (i == 4) current.bare = s.a;
    }
    for (int k = 0; k < BLOCK; ++k) {
        vec2 from = offset - vec2(k % HISTORY_SCALE, k / HISTORY_SCALE) * renderPerHistory;
        vec3 dx = from.x + vec3(-1.0, 0.0, 1.0), dy = from.y + vec3(-1.0, 0.0, 1.0);
        vec3 tentX = tent(dx), tentY = tent(dy);
        vec3 colour = vec3(0.0), interpolated = vec3(0.0);
        float total = KERNEL_FLOOR;
        for (int y = 0; y < 3; ++y) {
            vec3 u = kernel.x * dx + kernel.y * dy[y];
            float v = kernel.z * dy[y];
            vec3 weight = exp2(-0.72134752 * (u * u + v * v));
            vec3 across = vec3(0.0);
            for (int x = 0; x < 3; ++x) {
                colour += weight[x] * samplesAround[y * 3 + x];
                across += tentX[x] * samplesAround[y * 3 + x];
                total += weight[x];
            }
            interpolated += tentY[y] * across;
        }
        current.weight[k] = total;
        current.colour[k] = mix((colour + KERNEL_FLOOR * interpolated) / total, interpolated, kernel.w);
    }
    return current;
}

bool inside(vec2 position) { return all(equal(position, clamp(position, vec2(0.0), historySize))); }

void main() {
    vec2 position = gl_FragCoord.xy * renderPerDisplay - jitter;
    vec2 uv = position * renderTexel;
    vec2 nearest = clamp(floor(position), vec2(0.0), renderSize - 1.0);
    vec2 nearestUv = (nearest + 0.5) * paddedTexel;
    vec4 motion = texture(motions, nearestUv);
    vec4 even, odd;
    unpackWords(texture(statistics, nearestUv), even, odd);
    vec3 mean = vec3(even.x, odd.x, even.y), deviation = vec3(even.z, odd.z, even.w);
    vec4 kernel = texture(kernelParameters, uv);
    vec4 accumulation = texture(historyParameters, uv);
    vec4 fetch = texture(fetchParameters, uv);

    // The motion that the network prefers gets the sharp filter, the other one a bilinear tap.
    vec2 first = floor(gl_FragCoord.xy) * float(HISTORY_SCALE) + 0.5;
    vec4 moved = motion * historyPerRender.xyxy + first.xyxy;
    bool prefersOwn = fetch.x > 0.5;
    vec2 main = prefersOwn ? moved.zw : moved.xy, other = prefersOwn ? moved.xy : moved.zw;
    float share = prefersOwn ? 1.0 - fetch.x : fetch.x;
    vec4 sharp[BLOCK], plain[BLOCK];
    sharpHistory(main + fetch.yz, accumulation.w, sharp);
    plainHistory(other + fetch.yz, plain);
    Current current = spread(kernel, nearest, nearest + 0.5 - (first * renderPerHistory - jitter));

    // Variance clipping (Salvi 2016) towards the kept mean, with the slack that lets gamma switch it off.
    float gamma = mix(min(accumulation.z, GAMMA_BARE), accumulation.z, current.bare), square = gamma * gamma;
    vec3 bound = gamma * deviation + (CLIP_SLACK * square * square + 1e-5);
    vec3 light = vec3(0.0);
    for (int k = 0; k < BLOCK; ++k) {
        vec2 step = vec2(k % HISTORY_SCALE, k / HISTORY_SCALE);
        sharp[k].a = inside(main + step) ? sharp[k].a : 0.0;
        plain[k].a = inside(other + step) ? plain[k].a : 0.0;
        vec4 fetched = mix(sharp[k], plain[k], share);
        vec3 remembered = rgbToYCoCg(reExpose(max(fetched.rgb, 0.0), exposureRatio));
        vec3 away = remembered - mean, steps = abs(away) / bound;
        float within = 1.0 / max(max(steps.x, steps.y), max(steps.z, 1.0));
        float survives = hasHistory * fetched.a * accumulation.y * (1.0 - fetch.w * (1.0 - within));

        // After a reset not even rounding may let the old history through.
        vec3 clipped = survives > 0.0 ? mean + away * within : current.colour[k];
        float weight = accumulation.x * current.weight[k];
        float alpha = weight / (weight + survives);
        vec3 blended = max(yCoCgToRgb(mix(clipped, current.colour[k], alpha)), 0.0);
        store(k, kept(vec4(blended, min(weight + survives, MAX_WEIGHT))));
        light += rangeExpand(blended, ACCUMULATION_KNEE);  // averaged in linear light, as a reference is
    }
    resolved = toHalf(vec4(light / (float(BLOCK) * exposure), 1.0));
}
