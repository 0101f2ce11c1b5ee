using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Training;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Optim;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Configuration;

/// <summary>
/// The published settings, written down once more: a default that moves changes what everybody's next run computes.
/// </summary>
[TestFixture]
internal sealed class DefaultsTests
{
    // Specification 1 to 5, 7 and 8. "-" stands for "not set".
    private const string Published = """
        train_file -
        test_file -
        image_root -
        bert_config -
        image_res 256
        vision_width 768
        embed_dim 256
        batch_size 64
        temp 0.07
        mlm_probability 0.15
        queue_size 65536
        momentum 0.995
        alpha 0.4
        distill true
        warm_up true
        phrase_input true
        max_words 50
        add_gcam true
        mask_all false
        mask_size -
        optimizer.opt adamW
        optimizer.lr 1E-05
        optimizer.weight_decay 0.02
        schedular.sched cosine
        schedular.lr -
        schedular.epochs 30
        schedular.min_lr 1E-06
        schedular.decay_rate 1
        schedular.warmup_lr 1E-06
        schedular.warmup_epochs 20
        schedular.cooldown_epochs 0
        relation_file -
        relation_optimizer.opt -
        relation_optimizer.lr -
        relation_optimizer.weight_decay -
        relation_schedular.sched -
        relation_schedular.lr -
        relation_schedular.epochs -
        relation_schedular.min_lr -
        relation_schedular.decay_rate -
        relation_schedular.warmup_lr -
        relation_schedular.warmup_epochs -
        relation_schedular.cooldown_epochs -
        refcoco_data -
        det_file -
        coco_file -
        on_bbox false
        image_ids_file -
        phrase_box_file -
        sentences_file -
        dataset annotations
        train_count 20000
        test_count 512
        data_seed 0
        region_kind box
        region_share 1
        fashion_folder -
        vocab_file -
        max_tokens 25
        min_tokens -
        augment -
        augmentation amc
        protocol reference
        eval_resize bilinear
        eval_crop square
        bad_pictures load
        max_bad_share 0.01
        box_format auto
        exif apply
        workers -
        fast_decode false
        cache -
        cache_size 20
        model albef
        explain.mode -
        explain.layer -
        explain.tokens -
        patch_size 16
        vision_depth 12
        vision_heads 12
        text_width 768
        text_heads 12
        text_ffn -
        text_layers 6
        fusion_layers 6
        max_positions 512
        vocab_size -
        dropout 0.1
        attention_dropout -
        mlm_distill_axis sequence
        same_picture -
        amc.layer -
        amc.mean_weight 0.2
        amc.mean_margin 0.1
        amc.max_weight 0.8
        amc.max_margin 0.5
        add_selfeq false
        selfeq.weight 1
        selfeq.threshold 0.8
        selfeq.target 0.4
        selfeq.consistency 0.5
        micro_batch -
        contrastive local
        negatives local
        mlm_pool local
        amc_pool local
        shard_optimizer false
        seed 42
        output -
        checkpoint -
        checkpoint_key -
        checkpoint_activations none
        text_encoder -
        visual_encoder -
        steps -
        alpha_ramp_steps -
        schedular.warmup_steps -
        schedular.final_fraction 0.05
        log_every 10
        save_every 500
        save_async true
        eval_every -
        eval_steps -
        eval_batch 32
        grid_scenes 6
        tensorboard true
        """;

    [Test]
    public void Every_key_has_its_published_default()
    {
        var config = RunConfig.Create("defaults", []);
        Assert.That(config.Flatten().Select(k => $"{k.Key} {k.Value ?? "-"}"),
            Is.EquivalentTo(Published.ReplaceLineEndings("\n").Split('\n')));
    }

    [Test]
    public void An_empty_configuration_is_the_published_model()
    {
        var settings = AlbefKind.Settings(RunConfig.Create("defaults", []), WordPieceTokenizer.BertBaseUncased);
        Assert.That(settings, Is.EqualTo(new AlbefConfig
        {
            Vision = new VisionConfig
            {
                ImageRes = 256,
                PatchSize = 16,
                Width = 768,
                Depth = 12,
                Heads = 12,
                MlpRatio = 4,
            },
            Text = new TextConfig
            {
                Hidden = 768,
                Heads = 12,
                Intermediate = 3072,
                Layers = 12,
                FirstCrossLayer = 6,
                VocabSize = 30522,
                MaxPositions = 512,
                TypeVocabSize = 2,
                HiddenDropout = 0.1,
                AttentionDropout = 0.1,
                PadId = 0,
                ClsId = 101,
                MaskId = 103,
            },
            EmbedDim = 256,
            QueueSize = 65536,
            Momentum = 0.995,
            Temperature = 0.07,
            AmcLayer = 8,
            MlmProbability = 0.15,
            MlmDistillAxis = MlmDistillAxis.Sequence,
        }));
        Assert.That(new AlbefConfig(), Is.EqualTo(settings), "the model's own defaults are the same");
    }

    [Test]
    public void The_full_size_configuration_is_the_published_recipe()
    {
        var config = RunConfig.Load(Path.Combine(GoldenFiles.Root, "configs", "albef-base.yaml"));
        Assert.That(AlbefKind.Settings(config, WordPieceTokenizer.BertBaseUncased), Is.EqualTo(new AlbefConfig()));
        SortedDictionary<string, string?> published = RunConfig.Create("defaults", []).Flatten(),
            given = config.Flatten();
        string[] free = ["train_file", "image_root", "checkpoint", "bert_config", "save_every"];
        string[] other = [.. published.Where(k => given[k.Key] != k.Value && !free.Contains(k.Key)).Select(
            k => $"{k.Key} {given[k.Key]}")];
        // What the file says of sizes is what follows from the defaults where nothing is said.
        Assert.That(other, Is.EquivalentTo(new[] { "amc.layer 8", "attention_dropout 0.1", "schedular.lr 1E-05",
            "text_ffn 3072", "vocab_size 30522" }));
    }

    [Test]
    public void Defaults_in_code_are_those_of_the_keys()
    {
        var config = RunConfig.Create("defaults", []);
        Assert.That(new AmcOptions(), Is.EqualTo(new AmcOptions(0.2, 0.1, 0.8, 0.5, 1e-7)));
        Assert.That(
            new AmcOptions(config.Real("amc.mean_weight"), config.Real("amc.mean_margin"),
                config.Real("amc.max_weight"), config.Real("amc.max_margin")), Is.EqualTo(new AmcOptions()));
        using var optimizer = new AdamW([]);
        Assert.That((optimizer.Beta1, optimizer.Beta2, optimizer.Eps), Is.EqualTo((0.9, 0.999, 1e-8)));
        var recipe = AugmentationOptions.Recipe;
        Assert.That(
            (recipe.FlipProbability, recipe.GrayProbability, recipe.JitterProbability), Is.EqualTo((0.5, 0.2, 0.5)));
        Assert.That((CaptionCleaner.TrainingMaxWords, new AnnotationDatasetOptions().MaxWords,
            new AnnotationDatasetOptions().ImageSize), Is.EqualTo((50, 50, 256)));
    }
}
