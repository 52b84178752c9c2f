// What the frame before saw where a sample comes from. Twins: app/upscale/expected_depth.py, models/temporal/memory.py.
// Needs DEPTH_TOLERANCE (part of the distance by which an occluder must have been nearer), MOTION_TOLERANCE (LR
// pixels by which its motion must differ: it moved away) and COVER_GONE (reactive value whose going uncovers).

// The reversed depth that a resting point had in the previous frame: 0 for the sky, everything is in front of it.
float expectedDepth(float depth, vec2 ndc, vec2 lens, float nearPlane, vec4 previousDistance) {
    if (depth <= 0.0) return 0.0;
    float distance = nearPlane / depth;
    float before = dot(previousDistance, vec4(ndc / lens * distance, -distance, 1.0));
    return before > 0.0 ? nearPlane / before : 1.0;
}

struct Before {
    float visible;  // how much of it was not an occluder that has since moved away, 0 to 1
    float depth;    // bilinear
    vec2 motion;
};

// `previousSurface` holds depth, motion and cover of the frame before; `texel` is a position among its samples, minus
// 0.5. An occluder was nearer than `expected` and had another motion than `shift`. Without the second condition every
// resting edge would be an uncovered one in half of the frames, for jitter moves samples across it.
Before seenBefore(sampler2D previousSurface, vec2 texel, float expected, vec2 shift) {
    ivec2 low = ivec2(floor(texel));
    vec2 f = texel - vec2(low);
    ivec2 last = textureSize(previousSurface, 0) - 1;
    Before before = Before(0.0, 0.0, vec2(0.0));
    float nearer = expected * (1.0 + DEPTH_TOLERANCE) + 1e-6;
    for (int i = 0; i < 4; ++i) {
        ivec2 corner = ivec2(i & 1, i >> 1);
        float part = (corner.x == 1 ? f.x : 1.0 - f.x) * (corner.y == 1 ? f.y : 1.0 - f.y);
        vec3 surface = texelFetch(previousSurface, clamp(low + corner, ivec2(0), last), 0).rgb;
        float moved = smoothstep(MOTION_TOLERANCE, 4.0 * MOTION_TOLERANCE, distance(surface.gb, shift));
        before.visible += part * (surface.r > nearer ? 1.0 - moved : 1.0);
        before.depth += part * surface.r;
        before.motion += part * surface.gb;
    }
    return before;
}

// Cover, the largest reactive value of 3x3: as far as a sample's colour is spread.
float coverAt(sampler2D reactive, ivec2 pixel) {
    float cover = 0.0;
    vec2 size = vec2(textureSize(reactive, 0)), texel = 1.0 / size;
    for (int i = 0; i < 9; ++i)
        cover = max(cover, texture(reactive, clamp(vec2(pixel) + vec2(i % 3, i / 3) - 0.5, vec2(0.5), size - 0.5) * texel).r);
    return cover;
}

// 0 where something that is drawn without depth and motion (a particle) was over the surface and has gone: what the
// frames before saw there is not what it hid. `cover` is this frame's, `texel` as in seenBefore.
float bareSince(sampler2D previousSurface, vec2 texel, float cover) {
    ivec2 low = ivec2(floor(texel)), last = textureSize(previousSurface, 0) - 1;
    float before = 0.0;
    for (int i = 0; i < 4; ++i)
        before = max(before, texelFetch(previousSurface, clamp(low + ivec2(i & 1, i >> 1), ivec2(0), last), 0).a);
    return 1.0 - clamp((before - cover) / COVER_GONE, 0.0, 1.0);
}
