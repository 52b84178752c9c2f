// TAAU at low resolution: everything that is the same for all display pixels of one LR sample.
#include "common/colour.glsl"
#include "common/half.glsl"
#include "upscale/occlusion.glsl"
#include "upscale/statistics.glsl"
uniform sampler2D colour;         // scene-linear before exposure
uniform sampler2D depth;          // reversed Z
uniform sampler2D motion;         // current -> previous, LR pixels
uniform sampler2D reactive;
uniform sampler2D previousSurface; // of the frame before: its surface
uniform sampler2D previousChroma; // of the frame before: its motionAndChroma
uniform sampler2D previousMean;   // of the frame before: its meanAndLuma
uniform float exposure;
uniform float previousExposure;
uniform float useReactive;        // 0 where the source has no mask
uniform float hasHistory;
uniform vec2 jitter;
uniform vec2 previousJitter;
uniform vec2 lens;                // projection[0][0], projection[1][1]
uniform float nearPlane;
uniform vec4 previousDistance;    // view space of this frame -> distance in the previous one, as a dot product

layout(location = 0) out vec4 sampleAndTrust;    // range-compressed RGB; trust in what lies along the own motion
layout(location = 1) out vec4 motionAndChroma;   // dilated motion; standard deviation of Co and Cg
layout(location = 2) out vec4 meanAndLuma;       // mean YCoCg; standard deviation of Y: of 3x3, and of frames
layout(location = 3) out vec4 surface;           // depth and motion as given, cover: for the next frame

// A NaN or an infinity would stay in history for good. (Comparisons, for isnan may be compiled away.)
vec3 finite(vec3 c) {
    return min(vec3(c.r > 0.0 ? c.r : 0.0, c.g > 0.0 ? c.g : 0.0, c.b > 0.0 ? c.b : 0.0), 65504.0);
}

void main() {
    ivec2 centre = ivec2(gl_FragCoord.xy);
    ivec2 last = textureSize(colour, 0) - 1;
    vec3 sum = vec3(0.0), squares = vec3(0.0), own = vec3(0.0);
    float nearest = -1.0;
    ivec2 nearestPlace = centre;
    for (int y = -1; y <= 1; ++y) {
        for (int x = -1; x <= 1; ++x) {
            ivec2 place = clamp(centre + ivec2(x, y), ivec2(0), last);
            vec3 c = rangeCompress(finite(texelFetch(colour, place, 0).rgb) * exposure, KNEE);
            if (x == 0 && y == 0) own = c;
            c = rgbToYCoCg(c);
            sum += c;
            squares += c * c;
            float z = texelFetch(depth, place, 0).r;
            if (z > nearest) {
                nearest = z;
                nearestPlace = place;
            }
        }
    }
    vec3 mean = sum / 9.0;
    Statistics statistics = Statistics(mean, sqrt(max(squares / 9.0 - mean * mean, 0.0)));
    float ownDepth = texelFetch(depth, centre, 0).r;
    vec2 ownShift = texelFetch(motion, centre, 0).rg;
    // On a continuous surface the pixel's own motion is the exact one; only an edge borrows its occluder's.
    vec2 shift = nearest > ownDepth * (1.0 + EDGE_RATIO) ? texelFetch(motion, nearestPlace, 0).rg : ownShift;

    float trust = 1.0, bare = 1.0, cover = useReactive > 0.0 ? coverAt(reactive, centre) : 0.0;
    if (hasHistory > 0.0) {
        vec2 position = vec2(centre) + 0.5 + jitter;
        vec2 ndc = position / vec2(last + 1) * 2.0 - 1.0;
        float expected = expectedDepth(ownDepth, ndc, lens, nearPlane, previousDistance);
        vec2 texel = position + ownShift - previousJitter - 0.5;
        trust = seenBefore(previousSurface, texel, expected, ownShift).visible;
        if (useReactive > 0.0) bare = bareSince(previousSurface, texel, cover);
    }
    if (useReactive > 0.0) trust *= 1.0 - texelFetch(reactive, centre, 0).r;

    ivec2 before = ivec2(floor(vec2(centre) + 0.5 + ownShift));
    if (hasHistory > 0.0 && before == clamp(before, ivec2(0), last)) {
        vec4 oldMean = texelFetch(previousMean, before, 0);
        Statistics old = Statistics(oldMean.xyz, vec3(oldMean.w, texelFetch(previousChroma, before, 0).ba));
        float share = trust * bare * steadiness(exposure / previousExposure);
        statistics = remember(statistics, old, keptShare(statistics, old, length(ownShift), share));
    }

    sampleAndTrust = vec4(toHalf(own), trust);
    motionAndChroma = vec4(shift, statistics.deviation.yz);
    meanAndLuma = vec4(statistics.mean, statistics.deviation.x);
    surface = vec4(ownDepth, ownShift, cover);
}
