// TAAU at low resolution: everything that is the same for all display pixels of one LR sample.
#include "common/colour.glsl"
uniform sampler2D colour;         // scene-linear before exposure
uniform sampler2D depth;          // reversed Z
uniform sampler2D motion;         // current -> previous, LR pixels
uniform sampler2D reactive;
uniform sampler2D previousDepth;  // of the frame before, as `depth`
uniform float exposure;
uniform float useReactive;        // 0 where the source has no mask
uniform float hasHistory;
uniform vec2 jitter;
uniform vec2 previousJitter;
uniform vec2 lens;                // projection[0][0], projection[1][1]
uniform float nearPlane;
uniform vec4 previousDistance;    // view space of this frame -> distance in the previous one, as a dot product

layout(location = 0) out vec4 sampleAndTrust;    // range-compressed RGB; how far history may be trusted, 0 to 1
layout(location = 1) out vec4 motionAndChroma;   // dilated motion; standard deviation of Co and Cg in 3x3
layout(location = 2) out vec4 meanAndLuma;       // mean YCoCg; standard deviation of Y
layout(location = 3) out float depthCopy;

// 0 where every surface that the previous frame saw around `position` was clearly in front of this one.
float uncovered(vec2 position, float expected) {
    vec2 texel = position - previousJitter - 0.5;
    ivec2 low = ivec2(floor(texel));
    ivec2 last = textureSize(previousDepth, 0) - 1;
    float farthest = 1.0;
    for (int i = 0; i < 4; ++i) {
        ivec2 place = clamp(low + ivec2(i & 1, i >> 1), ivec2(0), last);
        farthest = min(farthest, texelFetch(previousDepth, place, 0).r);
    }
    float ratio = nearPlane / max(farthest, 1e-7) / expected;  // 1 same surface, below 1 an occluder
    return smoothstep(1.0 - 2.0 * DEPTH_TOLERANCE, 1.0 - DEPTH_TOLERANCE, ratio);
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
            vec3 c = rangeCompress(max(texelFetch(colour, place, 0).rgb, 0.0) * exposure, KNEE);
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
    vec3 deviation = sqrt(max(squares / 9.0 - mean * mean, 0.0));
    float ownDepth = texelFetch(depth, centre, 0).r;
    // On a continuous surface the pixel's own motion is the exact one; only an edge borrows its occluder's.
    if (nearest < ownDepth * (1.0 + EDGE_RATIO)) {
        nearest = ownDepth;
        nearestPlace = centre;
    }
    vec2 shift = texelFetch(motion, nearestPlace, 0).rg;

    float trust = 1.0;
    if (hasHistory > 0.0 && nearest > 0.0) {
        vec2 position = vec2(nearestPlace) + 0.5 + jitter;
        float distance = nearPlane / nearest;
        vec2 ndc = position / vec2(last + 1) * 2.0 - 1.0;
        float expected = dot(previousDistance, vec4(ndc / lens * distance, -distance, 1.0));
        if (expected > 0.0) trust = uncovered(position + shift, expected);
    }
    if (useReactive > 0.0) trust *= 1.0 - texelFetch(reactive, centre, 0).r;

    sampleAndTrust = vec4(own, trust);
    motionAndChroma = vec4(shift, deviation.yz);
    meanAndLuma = vec4(mean, deviation.x);
    depthCopy = ownDepth;
}
