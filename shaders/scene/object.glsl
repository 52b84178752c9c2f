// One drawn object: where it is now and was in the previous frame, its joints and its morph targets.
layout(std140, binding = 2) uniform Object {
    vec4 world[3];  // rows
    vec4 previousWorld[3];
    ivec4 deform;   // first joint, first joint of the previous frame, first morph float, morphs in use
    ivec4 vertices; // first vertex, vertex count
    ivec4 morphIndex[2];
    vec4 morphWeight[2];
    vec4 previousMorphWeight[2];
};

vec3 transformed(vec4 rows[3], vec4 p) { return vec3(dot(rows[0], p), dot(rows[1], p), dot(rows[2], p)); }

// The cofactor matrix turns normals correctly under any scale, up to length; a mirroring one turns them inwards too.
vec3 transformedNormal(vec4 rows[3], vec3 n) {
    vec3 a = cross(rows[1].xyz, rows[2].xyz);
    vec3 turned = vec3(dot(a, n), dot(cross(rows[2].xyz, rows[0].xyz), n), dot(cross(rows[0].xyz, rows[1].xyz), n));
    return dot(rows[0].xyz, a) < 0.0 ? -turned : turned;
}
