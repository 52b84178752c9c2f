// Neighbourhood statistics that outlive the frame: one frame's nine samples may all miss a wire that history rightly
// holds. Twin: models/temporal/memory.py. Needs MEMORY_STILL, MEMORY_MOVING (parts kept from frame to frame), JUMP
// (standard deviations by which a mean may move before its past is forgotten) and JUMP_MARGIN.

struct Statistics {
    vec3 mean, deviation;  // YCoCg
};

// 1 at a steady exposure, 0 where it changes by 5 % or more: what is kept was measured under the old one.
float steadiness(float exposureRatio) { return clamp(1.0 - 20.0 * abs(log2(exposureRatio)), 0.0, 1.0); }

// How much of `old` survives; `share` is what else speaks for it, 0 to 1.
float keptShare(Statistics now, Statistics old, float speed, float share) {
    // The mean of nine samples does not jump by much more than their deviation unless the light changed.
    vec3 jump = abs(now.mean - old.mean) / (max(now.deviation, old.deviation) + JUMP_MARGIN);
    float kept = mix(MEMORY_STILL, MEMORY_MOVING, min(speed, 1.0)) * share;
    return kept * (1.0 - smoothstep(JUMP, 2.0 * JUMP, max(jump.x, max(jump.y, jump.z))));
}

// Law of total variance, written so that half floats do.
Statistics remember(Statistics now, Statistics old, float kept) {
    vec3 change = now.mean - old.mean;
    vec3 variance = mix(now.deviation * now.deviation, old.deviation * old.deviation, kept);
    return Statistics(now.mean - kept * change, sqrt(variance + kept * (1.0 - kept) * change * change));
}
