// One sample of the reference, weighted by its share of the running mean (which the blend unit completes).
uniform sampler2D sampleMap;
uniform float weight;
out vec4 out_colour;
void main() { out_colour = vec4(texelFetch(sampleMap, ivec2(gl_FragCoord.xy), 0).rgb, weight); }
