// TAAU at display resolution: the frame's samples at their true offsets, over history that is fetched along the
// motion, held to the neighbourhood's colours, and weighted by how much it has gathered.
#include "common/colour.glsl"
#include "common/half.glsl"
uniform sampler2D sampleAndTrust;
uniform sampler2D motionAndChroma;
uniform sampler2D meanAndLuma;
uniform sampler2D motion;          // the source's own, current -> previous, LR pixels
uniform sampler2D history;        // range-compressed RGB; accumulated weight
uniform vec2 renderPerDisplay;    // LR pixels per display pixel
uniform vec2 jitter;              // LR pixels
uniform float exposure;
uniform float previousExposure;
uniform float hasHistory;
uniform int frameIndex;

layout(location = 0) out vec4 accumulated;
layout(location = 1) out vec4 result;  // scene-linear before exposure

// The cubic of Catmull & Rom (1974), a little sharper by Keys' (1981) parameter, without the four corner texels, whose weights are nearly nothing (Jimenez 2016).
// Single texels in place of bilinear taps: exact coordinates, and cheaper where the CPU filters.
vec4 historyFetch(vec2 position) {
    vec2 texel = position - 0.5;
    vec2 low = floor(texel);
    vec2 f = texel - low;
    const float a = -HISTORY_SHARPNESS;
    vec2 w0 = a * f * (1.0 + f * (f - 2.0));
    vec2 w1 = 1.0 + f * f * ((a + 2.0) * f - (a + 3.0));
    vec2 w3 = a * f * f * (1.0 - f);
    vec2 w2 = 1.0 - w0 - w1 - w3;
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

// The history at `position`, display pixels, under this frame's exposure; zero where there is none.
vec4 historyAt(vec2 position) {
    vec2 size = vec2(textureSize(history, 0));
    bool onScreen = all(greaterThanEqual(position, vec2(0.0))) && all(lessThanEqual(position, size));
    if (!onScreen || hasHistory == 0.0) return vec4(0.0);
    vec4 old = historyFetch(position);
    if (exposure != previousExposure)
        old.rgb = rangeCompress(rangeExpand(old.rgb, KNEE) * (exposure / previousExposure), KNEE);
    return old;
}

// The part of the way from `centre` to `c` that stays inside the box of half-size `extent` (Playdead 2016): 1 inside.
float insidePart(vec3 c, vec3 centre, vec3 extent) {
    vec3 part = abs(c - centre) / max(extent, 1e-4);
    return 1.0 / max(1.0, max(part.x, max(part.y, part.z)));
}

// Of two candidates, the one whose colour lies nearer to what the frame shows, softly. Neither the nearest surface's
// motion nor the pixel's own is right everywhere: the first keeps edges whole, the second what is seen beside them.
vec4 nearerTo(vec3 current, vec3 deviation, vec4 own, vec4 edge) {
    vec3 ownError = (rgbToYCoCg(own.rgb) - current) / (deviation + 0.01);
    vec3 edgeError = (rgbToYCoCg(edge.rgb) - current) / (deviation + 0.01);
    float ownWeight = own.a > 0.0 ? OWN_BIAS / (0.1 + dot(ownError, ownError)) : 0.0;
    float edgeWeight = edge.a > 0.0 ? 1.0 / (0.1 + dot(edgeError, edgeError)) : 0.0;
    return mix(own, edge, edgeWeight / max(ownWeight + edgeWeight, 1e-6));
}

void main() {
    ivec2 last = textureSize(sampleAndTrust, 0) - 1;
    vec2 samplePosition = gl_FragCoord.xy * renderPerDisplay - jitter;
    ivec2 centre = clamp(ivec2(floor(samplePosition)), ivec2(0), last);
    vec2 offset = samplePosition - vec2(centre) - 0.5;

    vec4 motionChroma = texelFetch(motionAndChroma, centre, 0);
    vec4 meanLuma = texelFetch(meanAndLuma, centre, 0);
    vec3 deviation = vec3(meanLuma.w, motionChroma.zw);
    float trust = texelFetch(sampleAndTrust, centre, 0).a;
    vec2 ownShift = texelFetch(motion, centre, 0).rg / renderPerDisplay;
    vec2 edgeShift = motionChroma.xy / renderPerDisplay;
    vec4 old = historyAt(gl_FragCoord.xy + ownShift);
    old.a *= trust;

    float moving = clamp(length(ownShift) / MOVING_SPEED, 0.0, 1.0);

    // The samples' kernel narrows as history gathers: it may then leave to other frames what lies further off.
    float gathered = old.a / (old.a + NARROWING);
    float narrow = NARROW / (renderPerDisplay.x * renderPerDisplay.y);
    float sharpness = mix(min(WIDE, narrow), narrow, gathered);
    vec3 dx = vec3(-1.0, 0.0, 1.0) - offset.x, dy = vec3(-1.0, 0.0, 1.0) - offset.y;
    vec3 wx = exp(-sharpness * dx * dx), wy = exp(-sharpness * dy * dy);
    vec3 sum = vec3(0.0);
    for (int y = 0; y < 3; ++y) {
        for (int x = 0; x < 3; ++x) {
            ivec2 place = clamp(centre + ivec2(x - 1, y - 1), ivec2(0), last);
            sum += wx[x] * wy[y] * texelFetch(sampleAndTrust, place, 0).rgb;
        }
    }
    vec3 current = sum / ((wx.x + wx.y + wx.z) * (wy.x + wy.y + wy.z));
    vec2 displayOffset = offset / renderPerDisplay;
    float weight = max(exp(-mix(CONTRIBUTION_STILL, CONTRIBUTION_MOVING, moving) * dot(displayOffset, displayOffset)), LEAST_WEIGHT);

    if (distance(ownShift, edgeShift) > 0.25) {
        vec4 edge = historyAt(gl_FragCoord.xy + edgeShift);
        edge.a *= mix(EDGE_TRUST, 1.0, trust);
        old = nearerTo(rgbToYCoCg(current), deviation, old, edge);
    }

    vec3 extent = deviation * mix(GAMMA_STILL, GAMMA_MOVING, moving) + BOX_MARGIN;
    vec3 oldYCoCg = rgbToYCoCg(old.rgb);
    float inside = insidePart(oldYCoCg, meanLuma.xyz, extent);
    vec3 held = yCoCgToRgb(mix(meanLuma.xyz, oldYCoCg, inside));

    float cap = mix(CAP_STILL, CAP_MOVING, sqrt(moving));
    float kept = min(old.a, cap) * mix(1.0, inside, CLIP_DISTRUST);
    vec3 mixed = max(mix(held, current, weight / (weight + kept)), 0.0);
    accumulated = vec4(toHalfByChance(mixed, ivec2(gl_FragCoord.xy), frameIndex), kept + weight);
    result = vec4(toHalf(rangeExpand(mixed, KNEE) / exposure), 1.0);
}
