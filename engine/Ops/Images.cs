using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Patch embedding: a convolution whose stride is its kernel, as a matrix product on patches.</summary>
[OpFamily]
public static class Images
{
    /// <summary>
    /// Projects each p×p patch of an image, rows of patches first (Dosovitskiy et al. 2021, eq. 1).
    /// </summary>
    /// <param name="image">[B, C, H, W], H and W multiples of p.</param>
    /// <param name="weight">[D, C, p, p]</param>
    /// <param name="bias">[D], or null</param>
    /// <returns>[B, (H/p)·(W/p), D]</returns>
    /// <exception cref="ShapeException">The extents do not fit.</exception>
    [Op("conv2d")]
    public static Tensor PatchEmbedding(this Tensor image, Tensor weight, Tensor? bias)
    {
        var w = weight.Shape;
        if (w.Rank != 4 || w[2] != w[3]) throw new ShapeException("conv2d", $"the weight is [D, C, p, p], not {w}");
        if (image.Shape.Rank != 4 || image.Shape[1] != w[1])
            throw new ShapeException("conv2d", $"the image is [B, {w[1]}, H, W], not {image.Shape}");
        var b = image.Shape[0];
        var y = image.ToPatches(w[2]).Linear(weight.Reshape(w[0], -1), bias);
        return y.Reshape(b, b == 0 ? 0 : y.Shape[0] / b, w[0]);
    }

    /// <summary>Cuts [B, C, H, W] into rows [B·(H/p)·(W/p), C·p·p].</summary>
    /// <exception cref="ShapeException">H or W is no multiple of p.</exception>
    [Op("to_patches")]
    public static Tensor ToPatches(this Tensor image, int patch)
    {
        var s = image.Shape;
        OpSupport.RequireFloating("to_patches", image);
        if (s.Rank != 4 || patch < 1 || s[2] % patch != 0 || s[3] % patch != 0)
            throw new ShapeException("to_patches", $"{s} is not [B, C, H, W] with sides that are multiples of {patch}");
        var y = image.EmptyLike([s[0] * (s[2] / patch) * (s[3] / patch), s[1] * patch * patch]);
        image.Backend.Run(new ImageToPatchesArgs(image, patch, y));
        return Graph.Record("to_patches", [image], y, [], (_, g) => [FromPatches(g[0]!, patch, s)]);
    }

    /// <summary>The adjoint, and inverse, of <see cref="ToPatches"/>.</summary>
    [Op("from_patches")]
    public static Tensor FromPatches(Tensor patches, int patch, Shape image)
    {
        OpSupport.RequireShape("from_patches", "the patches", patches,
            [image[0] * (image[2] / patch) * (image[3] / patch), image[1] * patch * patch]);
        var y = patches.EmptyLike(image);
        patches.Backend.Run(new PatchesToImageArgs(patches, patch, y));
        return Graph.Record("from_patches", [patches], y, [], (_, g) => [g[0]!.ToPatches(patch)]);
    }

    internal static readonly OpEntry[] Entries =
    [
        // The reference's convolution keeps the grid as the last two axes.
        new("conv2d", (t, a) => t[0].PatchEmbedding(t[1], t[2]).Permute(0, 2, 1)
                .Reshape(t[0].Shape[0], t[1].Shape[0],
                    t[0].Shape[2] / a.Int("kernel"), t[0].Shape[3] / a.Int("kernel")), new OpCase([2, 3, 8, 12],
                        [OpInput.Uniform([6, 3, 4, 4]), OpInput.Uniform([6])], new() { ["kernel"] = 4 })),
        new("to_patches", (t, a) => t[0].ToPatches(a.Int("patch")),
            new OpCase([2, 2, 4, 6], [], new() { ["patch"] = 2 })),
        new("from_patches", (t, a) => FromPatches(t[0], a.Int("patch"), new Shape(a.Ints("image"))),
            new OpCase([12, 8], [], new() { ["patch"] = 2, ["image"] = new[] { 2, 2, 4, 6 } })),
    ];
}
