// TAAU at display resolution: the frame's samples at their true offsets, over history that is fetched along the
// motion, held to the neighbourhood's colours, and weighted by how much it has gathered.
#include "common/colour.glsl"
uniform sampler2D sampleAndTrust;
uniform sampler2D motionAndChroma;
uniform sampler2D meanAndLuma;
uniform sampler2D history;        // range-compressed RGB; accumulated weight
uniform vec2 renderPerDisplay;    // LR pixels per display pixel
uniform vec2 jitter;              // LR pixels
uniform float exposure;
uniform float previousExposure;
uniform float hasHistory;

layout(location = 0) out vec4 accumulated;
layout(location = 1) out vec4 result;  // scene-linear before exposure

// Catmull-Rom (Catmull & Rom 1974) without the four corner texels, whose weights are nearly nothing (Jimenez 2016).
// Single texels in place of bilinear taps: exact coordinates, and cheaper where the CPU filters.
vec4 historyAt(vec2 position) {
    vec2 texel = position - 0.5;
    vec2 low = floor(texel);
    vec2 f = texel - low;
    vec2 w0 = f * (-0.5 + f * (1.0 - 0.5 * f));
    vec2 w1 = 1.0 + f * f * (-2.5 + 1.5 * f);
    vec2 w2 = f * (0.5 + f * (2.0 - 1.5 * f));
    vec2 w3 = f * f * (-0.5 + 0.5 * f);
    ivec2 last = textureSize(history, 0) - 1;
    ivec2 p1 = clamp(ivec2(low), ivec2(0), last);
    ivec2 p0 = max(p1 - 1, ivec2(0)), p2 = min(p1 + 1, last), p3 = min(p1 + 2, last);
    vec4 top = w1.x * texelFetch(history, ivec2(p1.x, p0.y), 0) + w2.x * texelFetch(history, ivec2(p2.x, p0.y), 0);
    vec4 upper = w0.x * texelFetch(history, ivec2(p0.x, p1.y), 0) + w1.x * texelFetch(history, p1, 0) +
                 w2.x * texelFetch(history, ivec2(p2.x, p1.y), 0) + w3.x * texelFetch(history, ivec2(p3.x, p1.y), 0);
    vec4 lower = w0.x * texelFetch(history, ivec2(p0.x, p2.y), 0) + w1.x * texelFetch(history, ivec2(p1.x, p2.y), 0) +
                 w2.x * texelFetch(history, p2, 0) + w3.x * texelFetch(history, ivec2(p3.x, p2.y), 0);
    vec4 bottom = w1.x * texelFetch(history, ivec2(p1.x, p3.y), 0) + w2.x * texelFetch(history, ivec2(p2.x, p3.y), 0);
    float corners = (w0.x + w3.x) * (w0.y + w3.y);
    return max(top * w0.y + upper * w1.y + lower * w2.y + bottom * w3.y, 0.0) / (1.0 - corners);
}

// The part of the way from `centre` to `c` that stays inside the box of half-size `extent` (Playdead 2016): 1 inside.
float insidePart(vec3 c, vec3 centre, vec3 extent) {
    vec3 part = abs(c - centre) / max(extent, 1e-4);
    return 1.0 / max(1.0, max(part.x, max(part.y, part.z)));
}

void main() {
    ivec2 last = textureSize(sampleAndTrust, 0) - 1;
    vec2 position = gl_FragCoord.xy * renderPerDisplay;
    vec2 samplePosition = position - jitter;
    ivec2 centre = clamp(ivec2(floor(samplePosition)), ivec2(0), last);
    vec2 offset = samplePosition - vec2(centre) - 0.5;

    vec4 motionChroma = texelFetch(motionAndChroma, centre, 0);
    vec4 meanLuma = texelFetch(meanAndLuma, centre, 0);
    vec2 displayShift = motionChroma.xy / renderPerDisplay;
    vec2 previous = gl_FragCoord.xy + displayShift;
    vec2 displaySize = vec2(textureSize(history, 0));
    bool onScreen = all(greaterThanEqual(previous, vec2(0.0))) && all(lessThanEqual(previous, displaySize));

    vec4 old = vec4(0.0);
    if (onScreen && hasHistory > 0.0) {
        old = historyAt(previous);
        if (exposure != previousExposure)
            old.rgb = rangeCompress(rangeExpand(old.rgb, KNEE) * (exposure / previousExposure), KNEE);
    }

    // The samples' kernel narrows as history gathers: it may then leave to other frames what lies further off.
    float gathered = old.a / (old.a + NARROWING);
    float sharpness = mix(WIDE, NARROW, gathered);
    vec3 sum = vec3(0.0);
    float total = 0.0, trust = 1.0;
    vec3 wx = exp(-sharpness * (vec3(-1.0, 0.0, 1.0) - offset.x) * (vec3(-1.0, 0.0, 1.0) - offset.x));
    vec3 wy = exp(-sharpness * (vec3(-1.0, 0.0, 1.0) - offset.y) * (vec3(-1.0, 0.0, 1.0) - offset.y));
    for (int y = 0; y < 3; ++y) {
        for (int x = 0; x < 3; ++x) {
            vec4 s = texelFetch(sampleAndTrust, clamp(centre + ivec2(x - 1, y - 1), ivec2(0), last), 0);
            float weight = wx[x] * wy[y];
            sum += weight * s.rgb;
            total += weight;
            if (x == 1 && y == 1) trust = s.a;
        }
    }
    vec3 current = sum / total;

    vec2 displayOffset = offset / renderPerDisplay;
    float weight = max(exp(-CONTRIBUTION * dot(displayOffset, displayOffset)), LEAST_WEIGHT);

    float speed = length(displayShift);
    float moving = clamp(speed / MOVING_SPEED, 0.0, 1.0);
    float cap = mix(CAP_STILL, CAP_MOVING, sqrt(moving));
    vec3 extent = vec3(meanLuma.w, motionChroma.zw) * mix(GAMMA_STILL, GAMMA_MOVING, moving) + BOX_MARGIN;
    vec3 oldYCoCg = rgbToYCoCg(old.rgb);
    float inside = insidePart(oldYCoCg, meanLuma.xyz, extent);
    vec3 held = yCoCgToRgb(mix(meanLuma.xyz, oldYCoCg, inside));

    float kept = min(old.a, cap) * trust * mix(1.0, inside, CLIP_DISTRUST);
    float blend = weight / (weight + kept);
    vec3 mixed = max(mix(held, current, blend), 0.0);
    accumulated = vec4(mixed, kept + weight);
    result = vec4(rangeExpand(mixed, KNEE) / exposure, 1.0);
}
