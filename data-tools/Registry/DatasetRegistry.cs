namespace AmcEngine.DataTools;

/// <summary>
/// All data sets that the program knows by name: those that are imported and those that are generated.
/// </summary>
public static class DatasetRegistry
{
    /// <summary>The data sets that <c>amcx data NAME</c> imports.</summary>
    public static IReadOnlyList<ImportedDataset> Imported { get; } =
        [new VisualGenome(), new FlickrEntities(), new RefCoco(), new RefCocoPlus(), new RefCocoG(), new RefClef(),
            new CocoInstances()];

    /// <summary>The data sets that are generated; <c>dataset</c> of a configuration names them.</summary>
    public static IReadOnlyList<GeneratedDataset> Generated => SceneKinds.Datasets;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Dataset> All { get; } = [.. Generated, .. Imported];

    /// <summary>The data set of a name.</summary>
    /// <exception cref="DataException">There is none of that name.</exception>
    public static Dataset Find(string name) => All.FirstOrDefault(d => d.Name == name)
        ?? throw new DataException(
            $"unknown data set \"{name}\"; use one of: {string.Join(", ", All.Select(d => d.Name))}.");

    /// <summary>The imported data set of a name.</summary>
    /// <exception cref="DataException">There is none of that name.</exception>
    public static ImportedDataset FindImported(string name) => Imported.FirstOrDefault(d => d.Name == name)
        ?? throw new DataException(
            $"unknown data set \"{name}\"; use one of: {string.Join(", ", Imported.Select(d => d.Name))}.");
}
