using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.CommandLine;

/// <summary>The commands of <c>amcx data</c>.</summary>
internal static class DataCommandRunner
{
    /// <summary>Writes generated scenes.</summary>
    /// <exception cref="ConfigException">A number is out of range.</exception>
    public static int Export(ScenesOptions options, CommandContext context)
    {
        if (options.Count < 1)
            throw new ConfigException($"--count {options.Count}: must be at least 1");
        if (options.Seed < 0)
            throw new ConfigException($"--seed {options.Seed}: must be 0 or more");
        string? folder = (options as FashionScenesOptions)?.FashionFolder;
        ISceneSource scenes = SceneSources.Create(options.Kind, options.Size, folder, "--size");
        string path = SceneExporter.Export(scenes, options.Output, options.Count, (ulong)options.Seed, options.Split, options.Format);
        context.Out.WriteLine($"{options.Count} scenes written; annotations: {path}");
        return ErrorReporter.Success;
    }

    /// <summary>Says what an annotation file holds.</summary>
    public static int Inspect(InspectOptions options, CommandContext context)
    {
        AnnotationSummary summary = DataInspector.Inspect(options.File, options.ImageRoot);
        context.Out.WriteLine($"entries    {summary.Entries}");
        context.Out.WriteLine($"pictures   {summary.Pictures}");
        context.Out.WriteLine(FormattableString.Invariant($"phrases    {summary.Captions}, {summary.MeanWords:0.0} words each"));
        context.Out.WriteLine(FormattableString.Invariant($"boxes      {summary.Boxes}, {summary.MeanBoxWidth:0} × {summary.MeanBoxHeight:0} pixels on average"));
        if (summary.MeanBoxShare is { } share)
            context.Out.WriteLine(FormattableString.Invariant($"box share  {100 * share:0.0} % of the picture on average; all pictures can be read and all boxes fit"));
        return ErrorReporter.Success;
    }
}
