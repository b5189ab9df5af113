// Drawing styles, applied to the samples before and after they are averaged.
#if defined(CARTOON) || defined(PENCIL)
// How sharply distance bends here: outlines and creases. `s` reaches to the neighbours, in pixels.
float outline(ivec2 at, int s) {
    ivec2 top = size - 1;
    float c = 1.0 / texelFetch(samples_, at, 0).a, bend = 0.0;
    ivec2 dirs[2] = ivec2[2](ivec2(1, 0), ivec2(0, 1));
    for (int i = 0; i < 2; i++) {
        float a = 1.0 / texelFetch(samples_, clamp(at + dirs[i] * s, ivec2(0), top), 0).a;
        float b = 1.0 / texelFetch(samples_, clamp(at - dirs[i] * s, ivec2(0), top), 0).a;
        bend = max(bend, abs(a + b - 2.0 * c) / c);
    }
    return bend;
}
#endif
vec3 styled(vec3 c, ivec2 at) {
#ifdef CARTOON
    float line = smoothstep(0.03, 0.08, outline(at, max(1, size.y / 128)));
    float l = max(dot(c, vec3(0.3, 0.5, 0.2)), 1e-3);
    float tones = sqrt(l) * 5.0;
    float flat_ = (floor(tones) + smoothstep(0.35, 0.65, fract(tones))) / 5.0;
    c = mix(vec3(l), c, 1.25) * (flat_ * flat_ / l);
    return mix(c, vec3(0.015, 0.01, 0.03), line);
#elif defined(PENCIL)
    float line = smoothstep(0.015, 0.08, outline(at, max(1, size.y / 128)));
    float l = sqrt(clamp(dot(c, vec3(0.3, 0.55, 0.15)), 0.0, 1.0));
    vec2 p = vec2(at) * (128.0 / float(size.y));
    float hatch = 0.5 + 0.5 * sin((p.x + p.y) * 1.05), cross_ = 0.5 + 0.5 * sin((p.x - p.y) * 1.05);
    float ink = smoothstep(0.62, 0.3, l) * hatch * 0.55 + smoothstep(0.36, 0.1, l) * cross_ * 0.45;
    vec3 paper = vec3(0.93, 0.91, 0.85), lead = vec3(0.05, 0.05, 0.06);
    vec3 crayon = mix(paper, sqrt(max(c, 0.0)) * paper, 0.25) * mix(vec3(1.0), c / max(max(c.r, max(c.g, c.b)), 1e-3), 0.72);
    return mix(crayon, lead, clamp(max(line * 0.85, ink), 0.0, 0.9));
#elif defined(PIXEL)
    c = sqrt(clamp(c, 0.0, 1.0));
    float l = dot(c, vec3(0.33));
    c = floor(mix(vec3(l), c, 1.3) * 6.0 + 0.5) / 6.0;
    return c * c;
#else
    return c;
#endif
}
