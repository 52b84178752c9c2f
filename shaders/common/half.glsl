// Rounding to half floats before a target does it. OpenGL lets a driver cut the bits it drops (Mesa's llvmpipe does),
// and a picture that is stored again every frame then darkens. What these return is a half float already. For
// magnitudes up to 65504; below 6e-5, where half floats are evenly spaced, the driver still has its way.

// To nearest.
vec3 toHalf(vec3 c) { return uintBitsToFloat((floatBitsToUint(c) + 0x1000u) & ~0x1FFFu); }
vec4 toHalf(vec4 c) { return uintBitsToFloat((floatBitsToUint(c) + 0x1000u) & ~0x1FFFu); }

// Up or down by chance, right on average: an accumulation whose steps are smaller than half a bit still moves.
vec3 toHalfByChance(vec3 c, ivec2 pixel, int frame) {
    // PCG hash (Jarzynski & Olano 2020).
    uint state = uint(pixel.x) + uint(pixel.y) * 16384u + uint(frame) * 0x9E3779B9u;
    state = state * 747796405u + 2891336453u;
    state = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    uvec3 chance = uvec3(state, state >> 13u, state ^ (state >> 7u)) & 0x1FFFu;
    return uintBitsToFloat((floatBitsToUint(c) + chance) & ~0x1FFFu);
}
