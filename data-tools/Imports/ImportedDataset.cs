namespace AmcEngine.DataTools;

/// <summary>A data set whose original files are turned into annotation files.</summary>
public abstract class ImportedDataset : Dataset
{
    /// <summary>Imports it.</summary>
    /// <param name="request">From where to where, and how.</param>
    /// <returns>What was written and left out, as <c>summary.json</c> has it.</returns>
    /// <exception cref="DataException">
    /// The originals are not as published, pictures are missing, or there is an import already; nothing is left behind.
    /// </exception>
    /// <exception cref="Files.FileWriteException">
    /// The output cannot be written; what is written serves the next attempt.
    /// </exception>
    public ImportSummary Import(ImportRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!Directory.Exists(request.Root))
            throw new DataException(
                $"{request.Root}: there is no such folder; --root names the folder into which {Title} was unpacked.");
        if (request.Images is { } images && !Directory.Exists(images))
            throw new DataException($"{images}: there is no such folder; --images names the folder of the pictures.");
        var plan = Plan(request);
        using var run = new ImportRun(this, request, plan.Splits, plan.Inputs);
        try
        {
            plan.Carry(run);
            return run.Finish() with { IsUsual = plan.IsUsual };
        }
        catch (DataException)
        {
            run.Abandon();
            throw;
        }
    }

    /// <summary>Looks at what is there and says what will be done; writes nothing.</summary>
    /// <exception cref="DataException">Files are missing.</exception>
    internal abstract ImportPlan Plan(ImportRequest request);

    /// <summary>Refuses a folder that lacks a required part, and says how the data set is expected.</summary>
    /// <exception cref="DataException">A part is missing.</exception>
    protected void CheckLayout(string root, IReadOnlyList<LayoutPart>? layout = null)
    {
        layout ??= Layout;
        if (layout.FirstOrDefault(p => p.IsRequired && !p.IsIn(root)) is not { } missing)
            return;
        var expected = string.Join(", ", layout.Where(p => p.IsRequired).Select(p => p.Path));
        throw new DataException(
            $"{root}: {Title} is expected as {expected}; {missing.Path} is missing ({missing.Holds}).");
    }
}

/// <summary>What an import will do.</summary>
/// <param name="Splits">The splits that it writes, empty ones too.</param>
/// <param name="Inputs">The original files and folders of files.</param>
/// <param name="Carry">Reads them and writes entries.</param>
internal sealed record ImportPlan(IReadOnlyList<string> Splits, IReadOnlyList<string> Inputs, Action<ImportRun> Carry)
{
    /// <summary>Whether the data set's published counts are those of what is imported.</summary>
    public bool IsUsual { get; init; } = true;
}
