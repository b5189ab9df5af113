// Average the samples, add soft sprites (flakes, fireflies, halos), map to the display.
uniform sampler2D samples_;
uniform ivec2 size;                 // of a frame
uniform int count;                  // samples a pixel
uniform int sprites;
uniform vec4 spriteAt[SPRITES];     // x, y in pixels, radius in pixels, distance in metres
uniform vec4 spriteColour[SPRITES]; // colour, opacity; negative opacity adds light
out vec4 pixel;

vec3 display(vec3 c) {
    c = max(c, 0.0);
    vec3 high = max(c - 0.6, 0.0);   // a shoulder above 0.6
    return min(c, 0.6) + 0.45 * high / (high + 0.45);
}
//STYLE
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
#ifdef PIXEL
    int grain = max(1, size.y / 64);
    at = min(at / grain * grain + grain / 2, size - 1);
#endif
    vec3 sum = vec3(0.0);
    float depth = 0.0;
    for (int i = 0; i < count; i++) {
        vec4 s = texelFetch(samples_, at + ivec2(i * size.x, 0), 0);
        sum += display(s.rgb);
        depth = max(depth, s.a);
    }
    vec3 c = sum / float(count);
    for (int i = 0; i < sprites; i++) {
        vec4 s = spriteAt[i], k = spriteColour[i];
        vec2 d = (gl_FragCoord.xy - s.xy) / s.z;
#ifdef PIXEL
        d = (vec2(at) + 0.5 - s.xy) / s.z;
#endif
#ifdef RAIN
        if (k.a > 0.0) d *= vec2(4.0, 0.55);   // drops are drawn out
#endif
        float cover = clamp(1.0 - dot(d, d), 0.0, 1.0);
        cover *= cover * (k.a < 0.0 ? cover : 1.0) * step(s.w, depth);
        c = k.a < 0.0 ? c - k.rgb * (k.a * cover) : mix(c, k.rgb, k.a * cover);
    }
#ifdef STYLED
    c = styled(c, at);
#endif
    pixel = vec4(pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}
