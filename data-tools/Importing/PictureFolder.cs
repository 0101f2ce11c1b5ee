namespace AmcEngine.DataTools;

/// <summary>
/// Where the pictures of a data set are. A data set names a picture by a path such as <c>train2014/A.jpg</c>; in the
/// folder that a person has, it may lie at that path or directly.
/// </summary>
internal sealed class PictureFolder
{
    private PictureFolder(string? root) => Root = root;

    /// <summary>The folder that paths start from; null where none was found, and no picture is looked at.</summary>
    public string? Root { get; }

    /// <summary>The folder that the request names, else the first of the usual places that is there.</summary>
    /// <param name="request">The request.</param>
    /// <param name="usual">
    /// Folders below the root that may hold pictures, and a file or folder that shows that one does (<c>*.jpg</c>).
    /// </param>
    public static PictureFolder Find(ImportRequest request, params IEnumerable<(string Folder, string Shows)> usual)
    {
        if (request.Images is not null)
            return new PictureFolder(request.Images);
        foreach ((var folder, var shows) in usual)
        {
            if (new LayoutPart(Path.Combine(folder, shows), "").IsIn(request.Root))
                return new PictureFolder(folder == "." ? request.Root : Path.Combine(request.Root, folder));
        }
        request.Say?.Invoke($"note: no pictures were found below {request.Root}, so it is not checked that they are "
            + "there; --images names their folder");
        return new PictureFolder(null);
    }

    /// <summary>The path of a picture below <see cref="Root"/>; null where it is missing.</summary>
    /// <param name="paths">The paths that it may have, the usual one first.</param>
    public string? Locate(params ReadOnlySpan<string> paths)
    {
        if (Root is null)
            return paths[0];
        foreach (var path in paths)
        {
            if (IsInside(path) && File.Exists(Path.Combine(Root, path)))
                return path;
        }
        return null;
    }

    // A path of a data file must not lead out of the folder.
    private static bool IsInside(string path) => !Path.IsPathRooted(path) && !path.Split('/', '\\').Contains("..");
}
