// LR, padded to the network's size multiple: history reprojected, validity cues, and the packed input tensor.
// Torch twin: models/temporal/prepass.py. Channel order: app/inference/channels.py (IN_ #defines).
#include "common/half.glsl"
#include "neural/colour.glsl"
#include "neural/tensor.glsl"
#include "upscale/occlusion.glsl"
#include "upscale/statistics.glsl"

uniform sampler2D samples;    // YCoCg, accumulation space, and bare; nearest, as surface: the sampler clamps at the edges
uniform sampler2D surface;    // reversed depth; motion current -> previous, LR pixels
uniform sampler2D reactive;
uniform sampler2D history;    // colour in accumulation space, weight N
uniform sampler2D hidden;     // of the frame before
uniform sampler2D lastSurface;  // of the frame before: depth, own motion
uniform usampler2D lastStatistics;  // of the frame before
uniform vec2 jitter;
uniform vec2 lastJitter;
uniform ivec2 renderSize;
uniform int paddedWidth;
uniform vec2 renderTexel;     // 1 / render size
uniform vec2 paddedTexel;     // 1 / padded size
uniform vec2 historyPerRender;
uniform float exposureRatio;  // this frame's over the last one's
uniform float hasHistory;     // 0 after a reset
uniform float logRatio;
uniform vec2 lens;              // projection[0][0], projection[1][1]
uniform float nearPlane;
uniform vec4 previousDistance;  // view space of this frame -> distance in the previous one, as a dot product

layout(std430, binding = 0) writeonly buffer Features { EIGHT_HALVES features[]; };

layout(location = 0) out vec4 motions;     // nearest surface's, then own
layout(location = 1) out uvec4 statistics;  // kept mean YCoCg, innovation; their standard deviation and size

float logDepthRatio(float a, float b) { return clamp(log2(a / b), -4.0, 4.0) * 0.25; }

float logLength(vec2 v) { return log2(1.0 + length(v)) * 0.25; }

float historyLuma(vec2 uv) { return dot(toFeature(texture(history, uv).rgb, exposureRatio), LUMA); }

float f[INPUT_COUNT];

// Stores eight channels as soon as they are known: a pixel's 80 bytes at once would have to wait for memory.
void store(int eight) {
    int c = eight * 8, first = (int(gl_FragCoord.y) * paddedWidth + int(gl_FragCoord.x)) * (INPUT_COUNT / 8);
    features[first + eight] = packEight(
        vec4(f[c], f[c + 2], f[c + 4], f[c + 6]), vec4(f[c + 1], f[c + 3], f[c + 5], f[c + 7]));
}

void main() {
    ivec2 last = renderSize - 1;
    ivec2 pixel = min(ivec2(gl_FragCoord.xy), last);

    vec2 centreUv = (vec2(pixel) + 0.5) * renderTexel;
    vec4 ownSample = texture(samples, centreUv);
    vec3 centre = ownSample.rgb;
    float bare = ownSample.a;
    vec3 low = centre, high = centre;
    vec3 sum = centre, squares = centre * centre;
    vec4 ownSurface = texture(surface, centreUv);
    float ownDepth = max(ownSurface.r, MIN_DEPTH);
    float nearest = ownDepth, farthest = ownDepth;
    vec2 own = ownSurface.gb, dilated = own;

    // Read together and early: none of it is in a cache, and a processor waits once instead of three times.
    vec2 position = vec2(pixel) + 0.5 + jitter;
    vec2 ownUv = (position + own) * renderTexel;
    vec2 source = floor(vec2(pixel) + 0.5 + own) + 0.5, sourceUv = source * paddedTexel;
    uvec4 oldWords = texture(lastStatistics, sourceUv);
    vec4 ownFetched = texture(history, ownUv);

    for (int y = -1; y <= 1; ++y)
        for (int x = -1; x <= 1; ++x) {
            if (x == 0 && y == 0) continue;
            vec2 at = centreUv + vec2(x, y) * renderTexel;
            vec3 s = texture(samples, at).rgb;
            low = min(low, s);
            high = max(high, s);
            sum += s;
            squares += s * s;
            vec3 other = texture(surface, at).rgb;
            float d = max(other.r, MIN_DEPTH);
            dilated = d > nearest ? other.gb : dilated;
            nearest = max(nearest, d);
            farthest = min(farthest, d);
        }
    vec3 mean = sum / 9.0;
    Statistics now = Statistics(mean, sqrt(max(squares / 9.0 - mean * mean, 0.0)));
    motions = vec4(dilated, own);

    vec2 uv = (position + dilated) * renderTexel;
    bool valid = hasHistory > 0.5 && all(equal(uv, clamp(uv, 0.0, 1.0)));
    bool ownValid = hasHistory > 0.5 && all(equal(ownUv, clamp(ownUv, 0.0, 1.0)));

    vec3 current = yCoCgToRgb(centre);
    vec4 fetched = texture(history, uv);
    vec3 remembered = valid ? reExpose(fetched.rgb, exposureRatio) : current;
    float currentLuma = dot(toFeature(current, 1.0), LUMA);
    vec2 quarter = 0.25 * renderTexel;
    vec2 lastUv = -lastJitter * renderTexel;
    vec4 recurrent = texture(hidden, uv + lastUv);
    vec2 ndc = position * renderTexel * 2.0 - 1.0;
    float expected = max(expectedDepth(ownDepth > MIN_DEPTH ? ownDepth : 0.0, ndc, lens, nearPlane, previousDistance), MIN_DEPTH);
    Before before = seenBefore(lastSurface, position + own - lastJitter - 0.5, expected, own);
    float lastNearest = max(texture(lastSurface, uv + lastUv).r, MIN_DEPTH);
    vec3 rememberedYCoCg = rgbToYCoCg(remembered);
    vec3 outside = rememberedYCoCg - clamp(rememberedYCoCg, low, high);
    vec2 between = fract(dilated * historyPerRender);

    Statistics steady = now;
    float innovation = valid ? centre.x - rememberedYCoCg.x : 0.0, size = abs(innovation);
    if (hasHistory > 0.5 && all(equal(source, clamp(source, vec2(0.0), vec2(renderSize))))) {
        float share = before.visible * bare * steadiness(exposureRatio);
        vec4 oldEven, oldOdd;
        unpackWords(oldWords, oldEven, oldOdd);
        Statistics old = Statistics(vec3(oldEven.x, oldOdd.x, oldEven.y), vec3(oldEven.z, oldOdd.z, oldEven.w));
        steady = remember(now, old, keptShare(now, old, length(own), share));
        innovation = mix(innovation, oldOdd.y, INNOVATION_MEMORY * share);
        size = mix(size, oldOdd.w, INNOVATION_MEMORY * share);
    }
    statistics = packWords(
        vec4(steady.mean.x, steady.mean.z, steady.deviation.x, steady.deviation.z),
        vec4(steady.mean.y, innovation, steady.deviation.y, size));
    vec3 distances = abs(rememberedYCoCg - steady.mean) / (steady.deviation + OUTSIDE_MARGIN);

    vec3 colourFeature = toFeature(current, 1.0), historyFeature = toFeature(remembered, 1.0);
    f[IN_COLOUR_R] = colourFeature.r;
    f[IN_COLOUR_G] = colourFeature.g;
    f[IN_COLOUR_B] = colourFeature.b;
    f[IN_HISTORY_R] = historyFeature.r;
    f[IN_HISTORY_G] = historyFeature.g;
    f[IN_HISTORY_B] = historyFeature.b;
    f[IN_HISTORY_LUMA_NW] = valid ? historyLuma(uv - quarter) : currentLuma;
    f[IN_HISTORY_LUMA_NE] = valid ? historyLuma(uv + vec2(quarter.x, -quarter.y)) : currentLuma;
    store(0);
    f[IN_HISTORY_LUMA_SW] = valid ? historyLuma(uv + vec2(-quarter.x, quarter.y)) : currentLuma;
    f[IN_HISTORY_LUMA_SE] = valid ? historyLuma(uv + quarter) : currentLuma;
    f[IN_HISTORY_WEIGHT] = valid ? log2(1.0 + fetched.a) * 0.2 : 0.0;
    f[IN_HISTORY_VALID] = float(valid);
    f[IN_DEPTH_TO_NEAREST] = logDepthRatio(ownDepth, nearest);
    f[IN_DEPTH_CHANGE_DILATED] = valid ? logDepthRatio(nearest, lastNearest) : 0.0;
    f[IN_DEPTH_CHANGE_OWN] = ownValid ? logDepthRatio(expected, max(before.depth, MIN_DEPTH)) : 0.0;
    f[IN_DEPTH_RANGE] = min(log2(nearest / farthest), 8.0) * 0.125;
    store(1);
    f[IN_LUMA_OUTSIDE] = outside.x;
    f[IN_LUMA_DEVIATION] = now.deviation.x;
    f[IN_MOTION_LENGTH] = logLength(dilated);
    f[IN_JITTER_X] = jitter.x;
    f[IN_JITTER_Y] = jitter.y;
    f[IN_REACTIVE] = texelFetch(reactive, min(pixel, textureSize(reactive, 0) - 1), 0).r;  // 1x1 where there is none
    f[IN_LOG_RATIO] = logRatio;
    f[IN_MOTION_DIFFERENCE] = logLength(dilated - own);
    store(2);
    f[IN_HIDDEN_0] = valid ? recurrent.x : 0.0;
    f[IN_HIDDEN_1] = valid ? recurrent.y : 0.0;
    f[IN_HIDDEN_2] = valid ? recurrent.z : 0.0;
    f[IN_HIDDEN_3] = valid ? recurrent.w : 0.0;
    f[IN_OWN_HISTORY_LUMA] = ownValid ? dot(toFeature(ownFetched.rgb, exposureRatio), LUMA) : currentLuma;
    f[IN_OWN_HISTORY_WEIGHT] = ownValid ? log2(1.0 + ownFetched.a) * 0.2 : 0.0;
    f[IN_RESAMPLING] = 2.0 * dot(between, 1.0 - between);
    f[IN_CHROMA_OUTSIDE] = max(abs(outside.y), abs(outside.z));
    store(3);
    f[IN_VISIBLE_BEFORE] = ownValid ? before.visible : 0.0;
    f[IN_MOTION_CHANGE] = ownValid ? logLength(own - before.motion) : 0.0;
    f[IN_KEPT_LUMA_DEVIATION] = steady.deviation.x;
    f[IN_KEPT_CHROMA_DEVIATION] = max(steady.deviation.y, steady.deviation.z);
    f[IN_KEPT_LUMA_CHANGE] = steady.mean.x - now.mean.x;
    f[IN_OUTSIDE_KEPT] = min(max(distances.x, max(distances.y, distances.z)), 8.0) * 0.125;
    f[IN_INNOVATION] = innovation;
    f[IN_INNOVATION_SIZE] = size;
    store(4);
}
