namespace AmcEngine.Tests.Recipes;

/// <summary>
/// The keys and values of the configurations that ALBEF, AMC and SelfEQ publish, in the notations that they use (flow
/// mappings, True, lists over lines). Folders that lie on their authors' machines alone are left to the tests.
/// </summary>
internal static class ReferenceFiles
{
    private const string Model = """
        bert_config: 'configs/config_bert.json'

        vision_width: 768
        embed_dim: 256
        temp: 0.07
        queue_size: 65536
        momentum: 0.995
        alpha: 0.4

        """;

    private const string PretrainingModel = Model + """
        image_res: 256
        mlm_probability: 0.15

        """;

    private const string AmcKeys = """
        phrase_input: True
        max_words: 50

        add_gcam: True
        mask_all: False
        mask_size: 256

        """;

    private const string FineTuning = Model + """
        distill: True
        warm_up: True

        optimizer: {opt: adamW, lr: 1e-5, weight_decay: 0.02}
        schedular: {sched: cosine, lr: 1e-5, epochs: 5, min_lr: 1e-6, decay_rate: 1, warmup_lr: 1e-5, warmup_epochs: 1, cooldown_epochs: 0}

        """;

    /// <summary>AMC's Pretrain.yaml.</summary>
    public const string AmcPretrain = """
        train_file: ['data/vg_descriptions.json',
          'data/vg_attributes_spatial.json',
          'data/vg_attributes.json']
        image_root: 'vg/'
        batch_size: 64

        """ + PretrainingModel + AmcKeys + """
        optimizer: {opt: adamW, lr: 1e-5, weight_decay: 0.02}
        schedular: {sched: cosine, lr: 1e-5, epochs: 30, min_lr: 1e-6, decay_rate: 1, warmup_lr: 1e-6, warmup_epochs: 20, cooldown_epochs: 0}


        """;

    /// <summary>ALBEF's Pretrain.yaml: pictures with captions, no boxes, and no image_root.</summary>
    public const string AlbefPretrain = """
        train_file: ['data/coco.json',
                       'data/vg.json',
                       'data/cc12m.json',
                       'data/cc3m_train.json',
                       'data/cc3m_val.json',
                       'data/sbu.json'
                       ]
        # lists of pictures with captions
        batch_size: 64

        """ + PretrainingModel + """
        optimizer: {opt: adamW, lr: 1e-4, weight_decay: 0.02}
        schedular: {sched: cosine, lr: 1e-4, epochs: 30, min_lr: 1e-5, decay_rate: 1, warmup_lr: 1e-5, warmup_epochs: 20, cooldown_epochs: 0}

        """;

    /// <summary>ALBEF's Grounding.yaml, which trains and evaluates; its image_root is left to the tests.</summary>
    public const string AlbefGrounding = """
        train_file: ['data/refcoco+_train.json']
        test_file: ['data/refcoco+_val.json','data/refcoco+_test.json']

        refcoco_data: 'data'
        det_file: 'data/refcoco+/dets.json'
        coco_file: 'data/refcoco+/cocos.json'

        image_res: 384
        batch_size: 32

        """ + FineTuning;

    /// <summary>AMC's and SelfEQ's Grounding_refcoco.yaml.</summary>
    public const string AmcRefCoco = """
        test_file: ['./data/refcoco+_val_new_path.json','./data/refcoco+_test_new_path.json']

        refcoco_data: './data'
        det_file: './data/refcoco+/dets.json'

        image_root: ''
        image_res: 384
        batch_size: 8
        on_bbox: False

        """ + FineTuning;

    /// <summary>AMC's and SelfEQ's Grounding_refclef.yaml.</summary>
    public const string AmcRefClef = """
        test_file: ['./data/refclef_val_1k_unique.json', './data/refclef_test_10k_unique.json']

        refcoco_data: './data'
        det_file: '/'

        image_root: ''
        image_res: 384
        batch_size: 8
        on_bbox: False

        """ + FineTuning;

    /// <summary>AMC's Grounding_flickr.yaml.</summary>
    public const string AmcFlickr = """
        image_root: 'flickr30k-images'

        image_ids_file: ['info-ground/flickr30k_downloads/val.txt', 'info-ground/flickr30k_downloads/test.txt']
        phrase_box_file: ['info-ground/flickr30k_proc/bounding_boxes_val.json', 'info-ground/flickr30k_proc/bounding_boxes_test.json']
        sentences_file: ['info-ground/flickr30k_proc/sentences_val.json', 'info-ground/flickr30k_proc/sentences_test.json']

        image_res: 256
        batch_size: 8
        on_bbox: False

        """ + FineTuning;

    private const string SelfEqSchedules = """
        optimizer: {opt: adamW, lr: 1e-5, weight_decay: 0.02}
        relation_optimizer: {opt: adamW, lr: 1e-5, weight_decay: 0.02}
        schedular: {sched: cosine, lr: 1e-5, epochs: 30, min_lr: 1e-6, decay_rate: 1, warmup_lr: 1e-6, warmup_epochs: 10, cooldown_epochs: 0}
        relation_schedular: {sched: cosine, lr: 1e-5, epochs: 30, min_lr: 1e-6, decay_rate: 1, warmup_lr: 1e-6, warmup_epochs: 10, cooldown_epochs: 0}

        """;

    /// <summary>SelfEQ's Pretrain_vg.yaml; its image_root is left to the tests.</summary>
    public const string SelfEqVisualGenome = """
        train_file: ['./data/vg_descriptions.json',
          './data/vg_attributes_spatial.json',
          './data/vg_attributes.json']
        relation_file: ['./data/vicuna_v1_6.json']
        batch_size: 56

        """ + PretrainingModel + AmcKeys + SelfEqSchedules;

    /// <summary>SelfEQ's Pretrain_coco.yaml; its image_root is left to the tests.</summary>
    public const string SelfEqCoco = """
        train_file: ['./data/vicuna_coco2014_shortchunk_relation_v3.json']
        relation_file: ['./data/vicuna_coco2014_shortchunk_relation_v3.json']
        batch_size: 56

        """ + PretrainingModel + AmcKeys + SelfEqSchedules;
}
