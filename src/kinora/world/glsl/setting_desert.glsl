// Orange dunes, a table mountain, two cactuses.
void cactus(vec3 at, float size) {
    vec3 skin = vec3(0.12, 0.4, 0.16);
    pole(at, 0.16 * size, 0.0, 1.3 * size, skin);
    sphere(at + vec3(0.0, 1.3, 0.0) * size, 0.16 * size, skin, 0.0);
    sphere(at + vec3(-0.3, 0.62, 0.0) * size, 0.11 * size, skin, 0.0);
    ellipsoid(at + vec3(-0.34, 0.82, 0.0) * size, vec3(0.1, 0.26, 0.1) * size, skin, 0.0);
    sphere(at + vec3(0.29, 0.78, 0.0) * size, 0.11 * size, skin, 0.0);
    ellipsoid(at + vec3(0.33, 1.0, 0.0) * size, vec3(0.1, 0.26, 0.1) * size, skin, 0.0);
}
vec3 setting() {
    haze = horizon;
    vec2 g = groundPoint();
    ground(mix(vec3(0.78, 0.4, 0.14), vec3(0.9, 0.52, 0.2), 0.5 + 0.5 * sin(g.y * 0.9 + 0.7 * sin(g.x * 0.6))));
    ellipsoid(vec3(-5.5, -1.3, -12.0), vec3(8.0, 2.9, 4.0), vec3(0.86, 0.46, 0.17), 0.0);
    ellipsoid(vec3(7.0, -1.4, -14.0), vec3(9.0, 3.4, 4.0), vec3(0.76, 0.38, 0.13), 0.0);
    box(vec3(-3.4, 1.4, -17.0), vec3(2.3, 1.55, 1.5), vec3(0.55, 0.2, 0.1), 0.0);
    box(vec3(14.0, 1.4, -19.0), vec3(2.6, 1.9, 1.5), vec3(0.55, 0.2, 0.1), 0.0);
    cactus(vec3(-1.45, 0.0, -2.4), 1.1);
    cactus(vec3(1.6, 0.0, -3.2), 1.25);
    vec3 p = ro + rd * hit.t;
    return shade(stars(sky()), ballShadow(p, vec4(-1.45, 0.7, -2.4, 0.4)) * ballShadow(p, vec4(1.6, 0.8, -3.2, 0.45)));
}
