using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Models;
using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Data;

/// <summary>Opens the data that a configuration names.</summary>
internal static class DataSources
{
    /// <summary>The model's tokenizer; see <see cref="IModelKind.Tokenizer"/>.</summary>
    public static ITokenizer Tokenizer(RunConfig config) => ModelRegistry.Find(config.Model).Tokenizer(config);

    /// <summary>What a message calls the vocabulary of <see cref="Tokenizer"/>.</summary>
    public static string VocabularyName(RunConfig config) => config.OptionalText("vocab_file")
        ?? (config.IsGenerated
            ? $"that of {config.Dataset}"
            : $"{ModelRegistry.Find(config.Model).Vocabulary}, built in (vocab_file names another)");

    /// <summary>The training samples.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="warn">Told in one line about what is wrong with the data and left out.</param>
    /// <exception cref="ConfigException">A key is missing.</exception>
    /// <exception cref="DataException">A file or folder is missing or wrong.</exception>
    public static IRegionDataset Train(RunConfig config, Action<string>? warn = null)
    {
        var augmentation = !config.Augments ? AugmentationOptions.None : config.Text("augmentation") switch
        {
            "albef" => AugmentationOptions.Albef,
            "grounding" => AugmentationOptions.Grounding,
            _ => AugmentationOptions.Recipe,
        };
        if (config.IsGenerated)
        {
            return new SceneDataset(Scenes(config), new SceneDatasetOptions
            {
                Count = config.Integer("train_count"),
                Seed = (ulong)config.Integer("data_seed"),
                NewScenesEachEpoch = true,
                Regions = Enum.Parse<SceneRegionKind>(config.Text("region_kind"), ignoreCase: true),
                RegionShare = config.Real("region_share"),
                Augmentation = augmentation,
            });
        }
        return new AnnotationDataset(
            Files(config, "train_file", config.TrainFiles), config.ImageRoot, new AnnotationDatasetOptions
            {
                ImageSize = config.ImageSize,
                MaxWords = config.Integer("max_words"),
                Augmentation = augmentation,
                MaskAll = config.Truth("mask_all"),
                Pictures = InputSettings.Pictures(config, warn),
                Warn = warn,
            });
    }

    /// <summary>Refuses training files that are not there, before memory is planned for them.</summary>
    /// <exception cref="ConfigException">A key is missing.</exception>
    /// <exception cref="DataException">A file is missing.</exception>
    public static void RequireTrainFiles(RunConfig config)
    {
        if (config.IsGenerated)
            return;
        foreach (var file in Files(config, "train_file", config.TrainFiles))
            AnnotationFile.Require(file);
    }

    /// <summary>The test questions, or null where the configuration names none.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="warn">Told in one line about what is wrong with the data and left out.</param>
    /// <exception cref="DataException">A file or folder is missing or wrong.</exception>
    public static IEvaluationSet? Test(RunConfig config, Action<string>? warn = null)
    {
        if (config.IsGenerated)
            return new SceneEvaluationSet(
                Scenes(config), config.Integer("test_count"), (ulong)config.Integer("data_seed"));
        if (config.TestFiles.Count == 0)
            return null;
        var pictures = PictureSettings.Of(config);
        return new AnnotationEvaluationSet(
            () => Questions(config, pictures, warn), string.Join(", ", config.TestFiles), config.ImageRoot,
            config.Integer("max_words"), pictures, warn);
    }

    // As the reference's files name them, or of annotation files that bring their regions.
    private static (List<RegionAnnotation>, AnnotationCensus) Questions(
        RunConfig config, PictureOptions pictures, Action<string>? warn) => config.AsksFlickr
        ? FlickrQuestions.Load(config.TestFiles, config.Texts("phrase_box_file"), config.Texts("sentences_file"),
            pictures.MaxBadShare, warn)
        : AnnotationFiles.Load(config.TestFiles, pictures, warn, config.OptionalText("refcoco_data") is { } root
            ? (annotations, census) => ReferBoxes.Complete(root, config.TestFiles, annotations, census)
            : null);

    /// <summary>The test questions of a command that cannot do without.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="warn">Told in one line about what is wrong with the data and left out.</param>
    /// <param name="use">What the files are for, in words that end the message.</param>
    /// <exception cref="ConfigException">The configuration names none.</exception>
    /// <exception cref="DataException">A file or folder is missing or wrong.</exception>
    public static IEvaluationSet RequireTest(
        RunConfig config, Action<string>? warn, string use = "to evaluate on") =>
        Test(config, warn)
            ?? throw ConfigRules.Wrong(config, $"test_file: is missing; name the annotation files {use}");

    /// <summary>What an evaluation calls its data.</summary>
    public static string Split(RunConfig config) =>
        config.IsGenerated ? "test" : string.Join(
            "+", config.TestFiles.Select(Path.GetFileNameWithoutExtension));

    /// <summary>
    /// Passes each line on once: training and test data may be the same files, and are read from several threads.
    /// </summary>
    public static Action<string>? Once(Action<string>? warn)
    {
        if (warn is null)
            return null;
        HashSet<string> said = new(StringComparer.Ordinal);
        return line =>
        {
            lock (said)
            {
                if (said.Add(line))
                    warn(line);
            }
        };
    }

    private static ISceneSource Scenes(RunConfig config) =>
        SceneSources.Create(config.Dataset, config.ImageSize, config.OptionalText("fashion_folder"), "image_res");

    private static IReadOnlyList<string> Files(RunConfig config, string key, IReadOnlyList<string> files) =>
        files.Count > 0
            ? files
            : throw ConfigRules.Wrong(config, $"{key}: is missing; name the annotation files, or set dataset: scenes");
}
