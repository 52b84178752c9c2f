// The shading normal in world space, facing the viewer's side of a double-sided surface.
in vec3 v_normal;
#ifdef USE_TANGENT
in vec4 v_tangent;
#endif

#if defined(NORMAL_MAP) && !defined(USE_TANGENT)
// Tangents from screen derivatives (Schueler 2013, "Normal Mapping Without Precomputed Tangents").
mat3 cotangentFrame(vec3 n, vec3 p, vec2 uv) {
    vec3 dp1 = dFdx(p), dp2 = dFdy(p);
    vec2 duv1 = dFdx(uv), duv2 = dFdy(uv);
    vec3 dp2perp = cross(dp2, n), dp1perp = cross(n, dp1);
    vec3 t = dp2perp * duv1.x + dp1perp * duv2.x;
    vec3 b = dp2perp * duv1.y + dp1perp * duv2.y;
    // The projection flips y, the mirror flips again: the sign of the screen's axes is taken from the surface itself.
    float handed = sign(dot(cross(dp1, dp2), n));
    float scale = inversesqrt(max(max(dot(t, t), dot(b, b)), 1e-20)) * handed;
    // Texture rows run downwards, and glTF's green points up.
    return mat3(t * scale, -b * scale, n);
}
#endif

vec3 shadingNormal(vec3 world, float bias) {
    vec3 n = normalize(v_normal);
#ifdef NORMAL_MAP
    vec2 uv = slotUv(2);
    vec3 m = texture(normalMap, uv, bias).xyz * 2.0 - 1.0;
    m.xy *= metalRough.z;
#ifdef USE_TANGENT
    vec3 t = normalize(v_tangent.xyz - n * dot(n, v_tangent.xyz));
    n = normalize(m.x * t + m.y * v_tangent.w * cross(n, t) + m.z * n);
#else
    n = normalize(cotangentFrame(n, world, uv) * vec3(m.x, m.y, m.z));
#endif
#endif
#ifdef DOUBLE_SIDED
    if (!gl_FrontFacing) n = -n;
#endif
    return n;
}
