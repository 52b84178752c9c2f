// Current to previous, in pixels: the fragment shows the scene at its centre plus the jitter.
vec2 motionTo(vec3 previousClip) {
    vec2 previous = (previousClip.xy / previousClip.z * 0.5 + 0.5) * targetSize.xy;
    return previous - (gl_FragCoord.xy + jitterTime.xy);
}
