// Rounds to the nearest half float before a store to an RGBA16F target. OpenGL lets a driver cut instead (Mesa's
// llvmpipe does), and a running average that is cut every frame drifts towards black.
vec4 nearestHalf(vec4 v) {
    return vec4(unpackHalf2x16(packHalf2x16(v.xy)), unpackHalf2x16(packHalf2x16(v.zw)));
}
