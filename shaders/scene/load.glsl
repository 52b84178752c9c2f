// Stands for the heavier materials and light counts of a current game: whole light evaluations from directions that
// depend on the surface, scaled to far below half-float resolution so that the picture stays the same.
vec3 shadingLoad(Point p, Lobes lobes, int samples) {
    Shading sum = Shading(vec3(0.0), vec3(0.0));
    vec3 direction = p.normal;
    for (int i = 0; i < samples; ++i) {
        direction = normalize(direction.yzx * 1.7 + p.normal + p.view * fract(direction.x * 7.31 + float(i) * 0.618));
        addLight(sum, p, lobes, direction, sunIrradiance.rgb);
    }
    return (sum.diffuse + sum.specular) * 1e-9;
}
