// Maps: a grid of bytes, enlarged by the bicubic rule that also finds the pointed spot, in the colours of the drawings.

// Longest side of a drawn map in pixels: the browser enlarges it to the picture, and more is not seen.
const drawnSide = 112;

/** The numbers of a map, 0 to 255, row by row, from base64. */
function decodeMap(text) {
    return Uint8Array.from(atob(text), c => c.charCodeAt(0));
}

/** Weights of the four grid values around each new position: cubic convolution with a = -0.75, edges repeated. */
function cubicWeights(from, to) {
    const near = t => (1.25 * t - 2.25) * t * t + 1;
    const far = t => ((-0.75 * t + 3.75) * t - 6) * t + 3;
    return Array.from({ length: to }, (_, i) => {
        const place = (i + 0.5) * from / to - 0.5, first = Math.floor(place), t = place - first;
        return [far(t + 1), near(t), near(1 - t), far(2 - t)].map((weight, k) =>
            [Math.min(from - 1, Math.max(0, first - 1 + k)), weight]);
    });
}

/** A square grid in another size. */
function enlarge(grid, side, width, height) {
    const across = cubicWeights(side, width), down = cubicWeights(side, height);
    const rows = new Float32Array(side * width), all = new Float32Array(width * height);
    for (let y = 0; y < side; y++) {
        for (let x = 0; x < width; x++)
            rows[y * width + x] = across[x].reduce((sum, [place, weight]) => sum + weight * grid[y * side + place], 0);
    }
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++)
            all[y * width + x] = down[y].reduce((sum, [place, weight]) => sum + weight * rows[place * width + x], 0);
    }
    return all;
}

/** Draws a map over a picture of that size; a map without any difference stays clear. */
function drawMap(canvas, answer, width, height) {
    const scale = drawnSide / Math.max(width, height);
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const values = enlarge(decodeMap(answer.map), answer.side, canvas.width, canvas.height);
    const low = Math.min(...values), range = Math.max(...values) - low;
    const context = canvas.getContext("2d"), picture = context.createImageData(canvas.width, canvas.height);
    for (let i = 0; i < values.length && range > 0; i++) {
        const value = (values[i] - low) / range;
        // As in the drawings: what is low is clear, so that the picture is seen.
        [0.75, 0.5, 0.25].forEach((middle, channel) => {
            picture.data[4 * i + channel] = 255 * Math.min(1, Math.max(0, 1.5 - 4 * Math.abs(value - middle)));
        });
        picture.data[4 * i + 3] = 255 * Math.pow(value, 0.7);
    }
    context.putImageData(picture, 0, 0);
}
