using System.Text;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// What canonical decomposition (Unicode NFD) followed by dropping non-spacing marks leaves of a character. The
/// platform cannot be asked: with invariant globalization <c>string.Normalize</c> returns its input unchanged.
/// </summary>
/// <remarks>
/// The table is derived from the Unicode Character Database 14.0 (www.unicode.org, Unicode licence): every character
/// with a canonical decomposition, grouped by what is left of it. Hangul syllables follow a formula instead. Combining
/// marks that take up space are not reordered among themselves; this touches no character that a caption may hold.
/// </remarks>
internal static class CanonicalDecomposition
{
    /// <summary>Groups "rest:characters" separated by spaces.</summary>
    private const string Groups =
        "A:ÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦḀẠẢẤẦẨẪẬẮẰẲẴẶ\u212b C:ÇĆĈĊČḈ E:ÈÉÊËĒĔĖĘĚȄȆȨḔḖḘḚḜẸẺẼẾỀỂỄỆ I:ÌÍÎÏĨĪĬĮİǏȈȊḬḮỈỊ N:ÑŃŅŇǸṄṆṈṊ " +
        "O:ÒÓÔÕÖŌŎŐƠǑǪǬȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢ U:ÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖṲṴṶṸṺỤỦỨỪỬỮỰ Y:ÝŶŸȲẎỲỴỶỸ " +
        "a:àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ c:çćĉċčḉ e:èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ i:ìíîïĩīĭįǐȉȋḭḯỉị n:ñńņňǹṅṇṉṋ " +
        "o:òóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ u:ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự y:ýÿŷȳẏẙỳỵỷỹ D:ĎḊḌḎḐḒ d:ďḋḍḏḑḓ G:ĜĞĠĢǦǴḠ " +
        "g:ĝğġģǧǵḡ H:ĤȞḢḤḦḨḪ h:ĥȟḣḥḧḩḫẖ J:Ĵ j:ĵǰ K:ĶǨḰḲḴ\u212a k:ķǩḱḳḵ L:ĹĻĽḶḸḺḼ l:ĺļľḷḹḻḽ R:ŔŖŘȐȒṘṚṜṞ r:ŕŗřȑȓṙṛṝṟ " +
        "S:ŚŜŞŠȘṠṢṤṦṨ s:śŝşšșṡṣṥṧṩ T:ŢŤȚṪṬṮṰ t:ţťțṫṭṯṱẗ W:ŴẀẂẄẆẈ w:ŵẁẃẅẇẉẘ Z:ŹŻŽẐẒẔ z:źżžẑẓẕ Æ:ǢǼ æ:ǣǽ Ʒ:Ǯ ʒ:ǯ Ø:Ǿ ø:ǿ " +
        "ʹ:\u0374 ;:\u037e \u00a8:\u0385\u1fc1\u1fed\u1fee Α:ΆἈἉἊἋἌἍἎἏᾈᾉᾊᾋᾌᾍᾎᾏᾸᾹᾺ\u1fbbᾼ \u00b7:\u0387 Ε:ΈἘἙἚἛἜἝῈ\u1fc9 " +
        "Η:ΉἨἩἪἫἬἭἮἯᾘᾙᾚᾛᾜᾝᾞᾟῊ\u1fcbῌ Ι:ΊΪἸἹἺἻἼἽἾἿῘῙῚ\u1fdb Ο:ΌὈὉὊὋὌὍῸ\u1ff9 Υ:ΎΫὙὛὝὟῨῩῪ\u1feb " +
        "Ω:ΏὨὩὪὫὬὭὮὯᾨᾩᾪᾫᾬᾭᾮᾯῺ\u1ffbῼ\u2126 ι:ΐίϊἰἱἲἳἴἵἶἷὶ\u1f77\u1fbeῐῑῒ\u1fd3ῖῗ α:άἀἁἂἃἄἅἆἇὰ\u1f71ᾀᾁᾂᾃᾄᾅᾆᾇᾰᾱᾲᾳᾴᾶᾷ " +
        "ε:έἐἑἒἓἔἕὲ\u1f73 η:ήἠἡἢἣἤἥἦἧὴ\u1f75ᾐᾑᾒᾓᾔᾕᾖᾗῂῃῄῆῇ υ:ΰϋύὐὑὒὓὔὕὖὗὺ\u1f7bῠῡῢ\u1fe3ῦῧ ο:όὀὁὂὃὄὅὸ\u1f79 " +
        "ω:ώὠὡὢὣὤὥὦὧὼ\u1f7dᾠᾡᾢᾣᾤᾥᾦᾧῲῳῴῶῷ ϒ:ϓϔ Е:ЀЁӖ Г:Ѓ І:Ї К:Ќ И:ЍЙӢӤ У:ЎӮӰӲ и:йѝӣӥ е:ѐёӗ г:ѓ і:ї к:ќ у:ўӯӱӳ Ѵ:Ѷ ѵ:ѷ " +
        "Ж:ӁӜ ж:ӂӝ А:ӐӒ а:ӑӓ Ә:Ӛ ә:ӛ З:Ӟ з:ӟ О:Ӧ о:ӧ Ө:Ӫ ө:ӫ Э:Ӭ э:ӭ Ч:Ӵ ч:ӵ Ы:Ӹ ы:ӹ \u0627:\u0622\u0623\u0625 " +
        "\u0648:\u0624 \u064a:\u0626 \u06d5:\u06c0 \u06c1:\u06c2 \u06d2:\u06d3 न:ऩ र:ऱ ळ:ऴ क:\u0958 ख:\u0959 ग:\u095a " +
        "ज:\u095b ड:\u095c ढ:\u095d फ:\u095e य:\u095f \u09c7\u09be:\u09cb \u09c7\u09d7:\u09cc ড:\u09dc ঢ:\u09dd য:\u09df " +
        "ਲ:\u0a33 ਸ:\u0a36 ਖ:\u0a59 ਗ:\u0a5a ਜ:\u0a5b ਫ:\u0a5e \u0b47:\u0b48 \u0b47\u0b3e:\u0b4b \u0b47\u0b57:\u0b4c " +
        "ଡ:\u0b5c ଢ:\u0b5d ஒ\u0bd7:ஔ \u0bc6\u0bbe:\u0bca \u0bc7\u0bbe:\u0bcb \u0bc6\u0bd7:\u0bcc \u0cd5:\u0cc0\u0cc7 " +
        "\u0cd6:\u0cc8 \u0cc2:\u0cca \u0cc2\u0cd5:\u0ccb \u0d46\u0d3e:\u0d4a \u0d47\u0d3e:\u0d4b \u0d46\u0d57:\u0d4c " +
        "\u0dd9:\u0dda \u0dd9\u0dcf:\u0ddc\u0ddd \u0dd9\u0ddf:\u0dde ག:\u0f43 ཌ:\u0f4d ད:\u0f52 བ:\u0f57 ཛ:\u0f5c " +
        "ཀ:\u0f69 ဥ:ဦ ᬅ\u1b35:ᬆ ᬇ\u1b35:ᬈ ᬉ\u1b35:ᬊ ᬋ\u1b35:ᬌ ᬍ\u1b35:ᬎ ᬑ\u1b35:ᬒ \u1b35:\u1b3b\u1b3d\u1b43 " +
        "\u1b3e\u1b35:\u1b40 \u1b3f\u1b35:\u1b41 B:ḂḄḆ b:ḃḅḇ F:Ḟ f:ḟ M:ḾṀṂ m:ḿṁṃ P:ṔṖ p:ṕṗ V:ṼṾ v:ṽṿ X:ẊẌ x:ẋẍ ſ:ẛ " +
        "\u1fbf:\u1fcd\u1fce\u1fcf \u1ffe:\u1fdd\u1fde\u1fdf ρ:ῤῥ Ρ:Ῥ `:\u1fef \u00b4:\u1ffd \u2002:\u2000 \u2003:\u2001 " +
        "\u2190:\u219a \u2192:\u219b \u2194:\u21ae \u21d0:\u21cd \u21d4:\u21ce \u21d2:\u21cf \u2203:\u2204 \u2208:\u2209 " +
        "\u220b:\u220c \u2223:\u2224 \u2225:\u2226 \u223c:\u2241 \u2243:\u2244 \u2245:\u2247 \u2248:\u2249 =:\u2260 " +
        "\u2261:\u2262 \u224d:\u226d <:\u226e >:\u226f \u2264:\u2270 \u2265:\u2271 \u2272:\u2274 \u2273:\u2275 " +
        "\u2276:\u2278 \u2277:\u2279 \u227a:\u2280 \u227b:\u2281 \u2282:\u2284 \u2283:\u2285 \u2286:\u2288 \u2287:\u2289 " +
        "\u22a2:\u22ac \u22a8:\u22ad \u22a9:\u22ae \u22ab:\u22af \u227c:\u22e0 \u227d:\u22e1 \u2291:\u22e2 \u2292:\u22e3 " +
        "\u22b2:\u22ea \u22b3:\u22eb \u22b4:\u22ec \u22b5:\u22ed \u3008:\u2329 \u3009:\u232a \u2add:\u2adc か:が き:ぎ く:ぐ " +
        "け:げ こ:ご さ:ざ し:じ す:ず せ:ぜ そ:ぞ た:だ ち:ぢ つ:づ て:で と:ど は:ばぱ ひ:びぴ ふ:ぶぷ へ:べぺ ほ:ぼぽ う:ゔ ゝ:ゞ カ:ガ キ:ギ ク:グ ケ:ゲ コ:ゴ サ:ザ シ:ジ " +
        "ス:ズ セ:ゼ ソ:ゾ タ:ダ チ:ヂ ツ:ヅ テ:デ ト:ド ハ:バパ ヒ:ビピ フ:ブプ ヘ:ベペ ホ:ボポ ウ:ヴ ワ:ヷ ヰ:ヸ ヱ:ヹ ヲ:ヺ ヽ:ヾ 豈:\uf900 更:\uf901 車:\uf902 " +
        "賈:\uf903 滑:\uf904 串:\uf905 句:\uf906 龜:\uf907\uf908\uface 契:\uf909 金:\uf90a 喇:\uf90b 奈:\uf90c 懶:\uf90d\U0002f8b1 " +
        "癩:\uf90e 羅:\uf90f 蘿:\uf910 螺:\uf911 裸:\uf912 邏:\uf913 樂:\uf914\uf95c\uf9bf 洛:\uf915 烙:\uf916 珞:\uf917 落:\uf918 " +
        "酪:\uf919 駱:\uf91a 亂:\uf91b 卵:\uf91c 欄:\uf91d 爛:\uf91e 蘭:\uf91f 鸞:\uf920 嵐:\uf921 濫:\uf922 藍:\uf923 襤:\uf924 " +
        "拉:\uf925 臘:\uf926 蠟:\uf927 廊:\uf928\U0002f88e 朗:\uf929\ufa92\U0002f8d8 浪:\uf92a 狼:\uf92b 郎:\uf92c 來:\uf92d " +
        "冷:\uf92e 勞:\uf92f 擄:\uf930 櫓:\uf931 爐:\uf932 盧:\uf933 老:\uf934 蘆:\uf935 虜:\uf936\U0002f9b4 路:\uf937 露:\uf938 " +
        "魯:\uf939 鷺:\uf93a 碌:\uf93b\U0002f94f 祿:\uf93c 綠:\uf93d 菉:\uf93e 錄:\uf93f 鹿:\uf940 論:\uf941 壟:\uf942 弄:\uf943 " +
        "籠:\uf944 聾:\uf945 牢:\uf946 磊:\uf947 賂:\uf948 雷:\uf949 壘:\uf94a 屢:\uf94b 樓:\uf94c 淚:\uf94d 漏:\uf94e 累:\uf94f " +
        "縷:\uf950 陋:\uf951 勒:\uf952 肋:\uf953 凜:\uf954 凌:\uf955 稜:\uf956 綾:\uf957 菱:\uf958 陵:\uf959 讀:\uf95a 拏:\uf95b " +
        "諾:\uf95d\ufabd 丹:\uf95e 寧:\uf95f\uf9aa\U0002f86f 怒:\uf960 率:\uf961\uf9db 異:\uf962\U0002f938 北:\uf963\U0002f82b " +
        "磻:\uf964 便:\uf965 復:\uf966 不:\uf967 泌:\uf968 數:\uf969 索:\uf96a 參:\uf96b 塞:\uf96c 省:\uf96d 葉:\uf96e " +
        "說:\uf96f\uf9a1 殺:\uf970\ufa96\U0002f8f5 辰:\uf971 沈:\uf972 拾:\uf973 若:\uf974\U0002f998 掠:\uf975 略:\uf976 " +
        "亮:\uf977 兩:\uf978 凉:\uf979 梁:\uf97a 糧:\uf97b 良:\uf97c 諒:\uf97d 量:\uf97e 勵:\uf97f 呂:\uf980 女:\uf981 廬:\uf982 " +
        "旅:\uf983 濾:\uf984 礪:\uf985 閭:\uf986 驪:\uf987 麗:\uf988 黎:\uf989 力:\uf98a 曆:\uf98b 歷:\uf98c 轢:\uf98d 年:\uf98e " +
        "憐:\uf98f 戀:\uf990 撚:\uf991 漣:\uf992 煉:\uf993 璉:\uf994 秊:\uf995 練:\uf996\ufa57\ufab0 聯:\uf997 輦:\uf998 蓮:\uf999 " +
        "連:\uf99a 鍊:\uf99b 列:\uf99c 劣:\uf99d 咽:\uf99e 烈:\uf99f 裂:\uf9a0 廉:\uf9a2 念:\uf9a3 捻:\uf9a4 殮:\uf9a5 簾:\uf9a6 " +
        "獵:\uf9a7 令:\uf9a8 囹:\uf9a9 嶺:\uf9ab 怜:\uf9ac 玲:\uf9ad 瑩:\uf9ae 羚:\uf9af 聆:\uf9b0 鈴:\uf9b1 零:\uf9b2 靈:\uf9b3 " +
        "領:\uf9b4 例:\uf9b5 禮:\uf9b6 醴:\uf9b7 隸:\uf9b8 惡:\uf9b9 了:\uf9ba 僚:\uf9bb 寮:\uf9bc 尿:\uf9bd 料:\uf9be 燎:\uf9c0 " +
        "療:\uf9c1 蓼:\uf9c2 遼:\uf9c3 龍:\uf9c4 暈:\uf9c5 阮:\uf9c6 劉:\uf9c7 杻:\uf9c8 柳:\uf9c9 流:\uf9ca\ufa97\U0002f902 " +
        "溜:\uf9cb 琉:\uf9cc 留:\uf9cd 硫:\uf9ce 紐:\uf9cf 類:\uf9d0 六:\uf9d1 戮:\uf9d2 陸:\uf9d3 倫:\uf9d4 崙:\uf9d5 淪:\uf9d6 " +
        "輪:\uf9d7 律:\uf9d8 慄:\uf9d9 栗:\uf9da 隆:\uf9dc 利:\uf9dd 吏:\uf9de 履:\uf9df 易:\uf9e0 李:\uf9e1 梨:\uf9e2 泥:\uf9e3 " +
        "理:\uf9e4 痢:\uf9e5 罹:\uf9e6 裏:\uf9e7 裡:\uf9e8 里:\uf9e9 離:\uf9ea 匿:\uf9eb 溺:\uf9ec 吝:\uf9ed 燐:\uf9ee 璘:\uf9ef " +
        "藺:\uf9f0 隣:\uf9f1 鱗:\uf9f2 麟:\uf9f3 林:\uf9f4 淋:\uf9f5 臨:\uf9f6 立:\uf9f7 笠:\uf9f8 粒:\uf9f9 狀:\uf9fa 炙:\uf9fb " +
        "識:\uf9fc 什:\uf9fd 茶:\uf9fe 刺:\uf9ff 切:\ufa00\U0002f850 度:\ufa01 拓:\ufa02 糖:\ufa03 宅:\ufa04 洞:\ufa05 暴:\ufa06 " +
        "輻:\ufa07 行:\ufa08 降:\ufa09 見:\ufa0a 廓:\ufa0b 兀:\ufa0c 嗀:\ufa0d 塚:\ufa10\ufa7c 晴:\ufa12\ufa91 凞:\ufa15 " +
        "猪:\ufa16\ufaa0 益:\ufa17\ufaa6 礼:\ufa18 神:\ufa19 祥:\ufa1a 福:\ufa1b\U0002f956 靖:\ufa1c\ufac8 精:\ufa1d 羽:\ufa1e " +
        "蘒:\ufa20 諸:\ufa22\ufaba 逸:\ufa25\ufa67 都:\ufa26 飯:\ufa2a 飼:\ufa2b 館:\ufa2c 鶴:\ufa2d 郞:\ufa2e 隷:\ufa2f " +
        "侮:\ufa30\U0002f805 僧:\ufa31\U0002f80a 免:\ufa32\U0002f80e 勉:\ufa33\U0002f826 勤:\ufa34\U0002f827 " +
        "卑:\ufa35\U0002f82d 喝:\ufa36\ufa78 嘆:\ufa37\U0002f84c 器:\ufa38 塀:\ufa39 墨:\ufa3a 層:\ufa3b 屮:\ufa3c\U0002f878 " +
        "悔:\ufa3d\U0002f8a3 慨:\ufa3e 憎:\ufa3f\ufa89\U0002f8ab 懲:\ufa40\ufa8b\U0002f8b0 敏:\ufa41\U0002f8c8 既:\ufa42 " +
        "暑:\ufa43\U0002f8cf 梅:\ufa44\U0002f8e2 海:\ufa45\U0002f901 渚:\ufa46 漢:\ufa47\ufa9a 煮:\ufa48\ufa9c 爫:\ufa49 " +
        "琢:\ufa4a 碑:\ufa4b 社:\ufa4c 祉:\ufa4d 祈:\ufa4e 祐:\ufa4f 祖:\ufa50\U0002f953 祝:\ufa51 禍:\ufa52 禎:\ufa53 " +
        "穀:\ufa54\U0002f959 突:\ufa55 節:\ufa56\ufaad 縉:\ufa58 繁:\ufa59 署:\ufa5a 者:\ufa5b\ufab2\U0002f97a 臭:\ufa5c " +
        "艹:\ufa5d\ufa5e 著:\ufa5f\U0002f99f 褐:\ufa60 視:\ufa61\ufab8 謁:\ufa62\ufabc 謹:\ufa63\ufabf 賓:\ufa64 贈:\ufa65\ufac1 " +
        "辶:\ufa66 難:\ufa68\ufac7 響:\ufa69\ufaca 頻:\ufa6a\ufacc 恵:\ufa6b \U000242ee:\ufa6c 舘:\ufa6d 並:\ufa70 " +
        "况:\ufa71\U0002f81b 全:\ufa72 侀:\ufa73 充:\ufa74 冀:\ufa75 勇:\ufa76\U0002f825 勺:\ufa77\U0002f828 啕:\ufa79 " +
        "喙:\ufa7a\U0002f847 嗢:\ufa7b 墳:\ufa7d 奄:\ufa7e 奔:\ufa7f 婢:\ufa80 嬨:\ufa81 廒:\ufa82 廙:\ufa83 彩:\ufa84 徭:\ufa85 " +
        "惘:\ufa86 慎:\ufa87\U0002f8a8 愈:\ufa88 慠:\ufa8a 戴:\ufa8c 揄:\ufa8d 搜:\ufa8e 摒:\ufa8f 敖:\ufa90 望:\ufa93\U0002f8d9 " +
        "杖:\ufa94 歹:\ufa95 滛:\ufa98 滋:\ufa99\U0002f90b 瀞:\ufa9b\U0002f914 瞧:\ufa9d 爵:\ufa9e\U0002f921 犯:\ufa9f " +
        "瑱:\ufaa1\U0002f930 甆:\ufaa2 画:\ufaa3 瘝:\ufaa4 瘟:\ufaa5 盛:\ufaa7 直:\ufaa8\U0002f940 睊:\ufaa9\U0002f948 着:\ufaaa " +
        "磌:\ufaab\U0002f950 窱:\ufaac 类:\ufaae 絛:\ufaaf 缾:\ufab1 荒:\ufab3 華:\ufab4 蝹:\ufab5\U0002f9bb 襁:\ufab6 覆:\ufab7 " +
        "調:\ufab9 請:\ufabb 諭:\ufabe\U0002f9d0 變:\ufac0\U0002f9d1 輸:\ufac2\U0002f9df 遲:\ufac3 醙:\ufac4 鉶:\ufac5 陼:\ufac6 " +
        "韛:\ufac9 頋:\ufacb\U0002f9fe\U0002f9ff 鬒:\ufacd\U0002fa0a \U0002284a:\ufacf \U00022844:\ufad0 \U000233d5:\ufad1 " +
        "㮝:\ufad2\U0002f8e7 䀘:\ufad3 䀹:\ufad4\U0002f949 \U00025249:\ufad5 \U00025cd0:\ufad6 \U00027ed3:\ufad7 齃:\ufad8 " +
        "龎:\ufad9 \u05d9:\ufb1d\ufb39 \u05f2:\ufb1f \u05e9:\ufb2a\ufb2b\ufb2c\ufb2d\ufb49 \u05d0:\ufb2e\ufb2f\ufb30 " +
        "\u05d1:\ufb31\ufb4c \u05d2:\ufb32 \u05d3:\ufb33 \u05d4:\ufb34 \u05d5:\ufb35\ufb4b \u05d6:\ufb36 \u05d8:\ufb38 " +
        "\u05da:\ufb3a \u05db:\ufb3b\ufb4d \u05dc:\ufb3c \u05de:\ufb3e \u05e0:\ufb40 \u05e1:\ufb41 \u05e3:\ufb43 " +
        "\u05e4:\ufb44\ufb4e \u05e6:\ufb46 \u05e7:\ufb47 \u05e8:\ufb48 \u05ea:\ufb4a \U00011099:\U0001109a " +
        "\U0001109b:\U0001109c \U000110a5:\U000110ab \U00011347\U0001133e:\U0001134b \U00011347\U00011357:\U0001134c " +
        "\U000114b9:\U000114bb \U000114b9\U000114b0:\U000114bc \U000114b9\U000114bd:\U000114be " +
        "\U000115b8\U000115af:\U000115ba \U000115b9\U000115af:\U000115bb \U00011935\U00011930:\U00011938 " +
        "\U0001d157\U0001d165:\U0001d15e \U0001d158\U0001d165:\U0001d15f \U0001d158\U0001d165\U0001d16e:\U0001d160 " +
        "\U0001d158\U0001d165\U0001d16f:\U0001d161 \U0001d158\U0001d165\U0001d170:\U0001d162 " +
        "\U0001d158\U0001d165\U0001d171:\U0001d163 \U0001d158\U0001d165\U0001d172:\U0001d164 " +
        "\U0001d1b9\U0001d165:\U0001d1bb \U0001d1ba\U0001d165:\U0001d1bc \U0001d1b9\U0001d165\U0001d16e:\U0001d1bd " +
        "\U0001d1ba\U0001d165\U0001d16e:\U0001d1be \U0001d1b9\U0001d165\U0001d16f:\U0001d1bf " +
        "\U0001d1ba\U0001d165\U0001d16f:\U0001d1c0 丽:\U0002f800 丸:\U0002f801 乁:\U0002f802 \U00020122:\U0002f803 " +
        "你:\U0002f804 侻:\U0002f806 倂:\U0002f807 偺:\U0002f808 備:\U0002f809 像:\U0002f80b 㒞:\U0002f80c " +
        "\U0002063a:\U0002f80d 兔:\U0002f80f 兤:\U0002f810 具:\U0002f811 \U0002051c:\U0002f812 㒹:\U0002f813 內:\U0002f814 " +
        "再:\U0002f815 \U0002054b:\U0002f816 冗:\U0002f817 冤:\U0002f818 仌:\U0002f819 冬:\U0002f81a \U000291df:\U0002f81c " +
        "凵:\U0002f81d 刃:\U0002f81e 㓟:\U0002f81f 刻:\U0002f820 剆:\U0002f821 割:\U0002f822 剷:\U0002f823 㔕:\U0002f824 " +
        "包:\U0002f829 匆:\U0002f82a 卉:\U0002f82c 博:\U0002f82e 即:\U0002f82f 卽:\U0002f830 卿:\U0002f831\U0002f832\U0002f833 " +
        "\U00020a2c:\U0002f834 灰:\U0002f835 及:\U0002f836 叟:\U0002f837 \U00020b63:\U0002f838 叫:\U0002f839 叱:\U0002f83a " +
        "吆:\U0002f83b 咞:\U0002f83c 吸:\U0002f83d 呈:\U0002f83e 周:\U0002f83f 咢:\U0002f840 哶:\U0002f841 唐:\U0002f842 " +
        "啓:\U0002f843 啣:\U0002f844 善:\U0002f845\U0002f846 喫:\U0002f848 喳:\U0002f849 嗂:\U0002f84a 圖:\U0002f84b " +
        "圗:\U0002f84d 噑:\U0002f84e 噴:\U0002f84f 壮:\U0002f851 城:\U0002f852 埴:\U0002f853 堍:\U0002f854 型:\U0002f855 " +
        "堲:\U0002f856 報:\U0002f857 墬:\U0002f858 \U000214e4:\U0002f859 売:\U0002f85a 壷:\U0002f85b 夆:\U0002f85c " +
        "多:\U0002f85d 夢:\U0002f85e 奢:\U0002f85f \U000216a8:\U0002f860 \U000216ea:\U0002f861 姬:\U0002f862 娛:\U0002f863 " +
        "娧:\U0002f864 姘:\U0002f865 婦:\U0002f866 㛮:\U0002f867 㛼:\U0002f868 嬈:\U0002f869 嬾:\U0002f86a\U0002f86b " +
        "\U000219c8:\U0002f86c 寃:\U0002f86d 寘:\U0002f86e 寳:\U0002f870 \U00021b18:\U0002f871 寿:\U0002f872 将:\U0002f873 " +
        "当:\U0002f874 尢:\U0002f875 㞁:\U0002f876 屠:\U0002f877 峀:\U0002f879 岍:\U0002f87a \U00021de4:\U0002f87b " +
        "嵃:\U0002f87c \U00021de6:\U0002f87d 嵮:\U0002f87e 嵫:\U0002f87f 嵼:\U0002f880 巡:\U0002f881 巢:\U0002f882 " +
        "㠯:\U0002f883 巽:\U0002f884 帨:\U0002f885 帽:\U0002f886 幩:\U0002f887 㡢:\U0002f888 \U00022183:\U0002f889 " +
        "㡼:\U0002f88a 庰:\U0002f88b 庳:\U0002f88c 庶:\U0002f88d \U0002a392:\U0002f88f 廾:\U0002f890 " +
        "\U00022331:\U0002f891\U0002f892 舁:\U0002f893\U0002f98b 弢:\U0002f894\U0002f895 㣇:\U0002f896 " +
        "\U000232b8:\U0002f897 \U000261da:\U0002f898 形:\U0002f899 彫:\U0002f89a 㣣:\U0002f89b 徚:\U0002f89c 忍:\U0002f89d " +
        "志:\U0002f89e 忹:\U0002f89f 悁:\U0002f8a0 㤺:\U0002f8a1 㤜:\U0002f8a2 \U000226d4:\U0002f8a4 惇:\U0002f8a5 " +
        "慈:\U0002f8a6 慌:\U0002f8a7\U0002f8a9 慺:\U0002f8aa 憲:\U0002f8ac 憤:\U0002f8ad 憯:\U0002f8ae 懞:\U0002f8af " +
        "成:\U0002f8b2 戛:\U0002f8b3 扝:\U0002f8b4 抱:\U0002f8b5 拔:\U0002f8b6 捐:\U0002f8b7 \U00022b0c:\U0002f8b8 " +
        "挽:\U0002f8b9 拼:\U0002f8ba 捨:\U0002f8bb 掃:\U0002f8bc 揤:\U0002f8bd \U00022bf1:\U0002f8be 搢:\U0002f8bf " +
        "揅:\U0002f8c0 掩:\U0002f8c1 㨮:\U0002f8c2 摩:\U0002f8c3 摾:\U0002f8c4 撝:\U0002f8c5 摷:\U0002f8c6 㩬:\U0002f8c7 " +
        "敬:\U0002f8c9 \U0002300a:\U0002f8ca 旣:\U0002f8cb 書:\U0002f8cc 晉:\U0002f8cd 㬙:\U0002f8ce 㬈:\U0002f8d0 " +
        "㫤:\U0002f8d1 冒:\U0002f8d2 冕:\U0002f8d3 最:\U0002f8d4 暜:\U0002f8d5 肭:\U0002f8d6 䏙:\U0002f8d7 朡:\U0002f8da " +
        "杞:\U0002f8db 杓:\U0002f8dc \U000233c3:\U0002f8dd 㭉:\U0002f8de 柺:\U0002f8df 枅:\U0002f8e0 桒:\U0002f8e1 " +
        "\U0002346d:\U0002f8e3 梎:\U0002f8e4 栟:\U0002f8e5 椔:\U0002f8e6 楂:\U0002f8e8 榣:\U0002f8e9 槪:\U0002f8ea " +
        "檨:\U0002f8eb \U000236a3:\U0002f8ec 櫛:\U0002f8ed 㰘:\U0002f8ee 次:\U0002f8ef \U000238a7:\U0002f8f0 歔:\U0002f8f1 " +
        "㱎:\U0002f8f2 歲:\U0002f8f3 殟:\U0002f8f4 殻:\U0002f8f6 \U00023a8d:\U0002f8f7 \U00021d0b:\U0002f8f8 " +
        "\U00023afa:\U0002f8f9 汎:\U0002f8fa \U00023cbc:\U0002f8fb 沿:\U0002f8fc 泍:\U0002f8fd 汧:\U0002f8fe 洖:\U0002f8ff " +
        "派:\U0002f900 浩:\U0002f903 浸:\U0002f904 涅:\U0002f905 \U00023d1e:\U0002f906 洴:\U0002f907 港:\U0002f908 " +
        "湮:\U0002f909 㴳:\U0002f90a 滇:\U0002f90c \U00023ed1:\U0002f90d 淹:\U0002f90e 潮:\U0002f90f \U00023f5e:\U0002f910 " +
        "\U00023f8e:\U0002f911 濆:\U0002f912 瀹:\U0002f913 瀛:\U0002f915 㶖:\U0002f916 灊:\U0002f917 災:\U0002f918 " +
        "灷:\U0002f919 炭:\U0002f91a \U00020525:\U0002f91b 煅:\U0002f91c \U00024263:\U0002f91d 熜:\U0002f91e " +
        "\U000243ab:\U0002f91f 爨:\U0002f920 牐:\U0002f922 \U00024608:\U0002f923 犀:\U0002f924 犕:\U0002f925 " +
        "\U00024735:\U0002f926 \U00024814:\U0002f927 獺:\U0002f928 王:\U0002f929 㺬:\U0002f92a 玥:\U0002f92b " +
        "㺸:\U0002f92c\U0002f92d 瑇:\U0002f92e 瑜:\U0002f92f 璅:\U0002f931 瓊:\U0002f932 㼛:\U0002f933 甤:\U0002f934 " +
        "\U00024c36:\U0002f935 甾:\U0002f936 \U00024c92:\U0002f937 \U0002219f:\U0002f939 瘐:\U0002f93a " +
        "\U00024fa1:\U0002f93b \U00024fb8:\U0002f93c \U00025044:\U0002f93d 㿼:\U0002f93e 䀈:\U0002f93f " +
        "\U000250f3:\U0002f941 \U000250f2:\U0002f942 \U00025119:\U0002f943 \U00025133:\U0002f944 眞:\U0002f945 " +
        "真:\U0002f946\U0002f947 瞋:\U0002f94a 䁆:\U0002f94b 䂖:\U0002f94c \U0002541d:\U0002f94d 硎:\U0002f94e 䃣:\U0002f951 " +
        "\U00025626:\U0002f952 \U0002569a:\U0002f954 \U000256c5:\U0002f955 秫:\U0002f957 䄯:\U0002f958 穊:\U0002f95a " +
        "穏:\U0002f95b \U0002597c:\U0002f95c \U00025aa7:\U0002f95d\U0002f95e 竮:\U0002f95f 䈂:\U0002f960 " +
        "\U00025bab:\U0002f961 篆:\U0002f962 築:\U0002f963 䈧:\U0002f964 \U00025c80:\U0002f965 糒:\U0002f966 䊠:\U0002f967 " +
        "糨:\U0002f968 糣:\U0002f969 紀:\U0002f96a \U00025f86:\U0002f96b 絣:\U0002f96c 䌁:\U0002f96d 緇:\U0002f96e " +
        "縂:\U0002f96f 繅:\U0002f970 䌴:\U0002f971 \U00026228:\U0002f972 \U00026247:\U0002f973 䍙:\U0002f974 " +
        "\U000262d9:\U0002f975 罺:\U0002f976 \U0002633e:\U0002f977 羕:\U0002f978 翺:\U0002f979 \U000264da:\U0002f97b " +
        "\U00026523:\U0002f97c 聠:\U0002f97d \U000265a8:\U0002f97e 聰:\U0002f97f \U0002335f:\U0002f980 䏕:\U0002f981 " +
        "育:\U0002f982 脃:\U0002f983 䐋:\U0002f984 脾:\U0002f985 媵:\U0002f986 \U000267a7:\U0002f987 \U000267b5:\U0002f988 " +
        "\U00023393:\U0002f989 \U0002339c:\U0002f98a 舄:\U0002f98c 辞:\U0002f98d 䑫:\U0002f98e 芑:\U0002f98f 芋:\U0002f990 " +
        "芝:\U0002f991 劳:\U0002f992 花:\U0002f993 芳:\U0002f994 芽:\U0002f995 苦:\U0002f996 \U00026b3c:\U0002f997 " +
        "茝:\U0002f999 荣:\U0002f99a 莭:\U0002f99b 茣:\U0002f99c 莽:\U0002f99d 菧:\U0002f99e 荓:\U0002f9a0 菊:\U0002f9a1 " +
        "菌:\U0002f9a2 菜:\U0002f9a3 \U00026c36:\U0002f9a4 \U00026d6b:\U0002f9a5 \U00026cd5:\U0002f9a6 䔫:\U0002f9a7 " +
        "蓱:\U0002f9a8 蓳:\U0002f9a9 蔖:\U0002f9aa \U000273ca:\U0002f9ab 蕤:\U0002f9ac \U00026f2c:\U0002f9ad 䕝:\U0002f9ae " +
        "䕡:\U0002f9af \U00026fb1:\U0002f9b0 \U000270d2:\U0002f9b1 䕫:\U0002f9b2 虐:\U0002f9b3 虧:\U0002f9b5 虩:\U0002f9b6 " +
        "蚩:\U0002f9b7 蚈:\U0002f9b8 蜎:\U0002f9b9 蛢:\U0002f9ba 蜨:\U0002f9bc 蝫:\U0002f9bd 螆:\U0002f9be 䗗:\U0002f9bf " +
        "蟡:\U0002f9c0 蠁:\U0002f9c1 䗹:\U0002f9c2 衠:\U0002f9c3 衣:\U0002f9c4 \U00027667:\U0002f9c5 裗:\U0002f9c6 " +
        "裞:\U0002f9c7 䘵:\U0002f9c8 裺:\U0002f9c9 㒻:\U0002f9ca \U000278ae:\U0002f9cb \U00027966:\U0002f9cc 䚾:\U0002f9cd " +
        "䛇:\U0002f9ce 誠:\U0002f9cf 豕:\U0002f9d2 \U00027ca8:\U0002f9d3 貫:\U0002f9d4 賁:\U0002f9d5 贛:\U0002f9d6 " +
        "起:\U0002f9d7 \U00027f2f:\U0002f9d8 \U00020804:\U0002f9d9 跋:\U0002f9da 趼:\U0002f9db 跰:\U0002f9dc " +
        "\U000208de:\U0002f9dd 軔:\U0002f9de \U000285d2:\U0002f9e0 \U000285ed:\U0002f9e1 邔:\U0002f9e2 郱:\U0002f9e3 " +
        "鄑:\U0002f9e4 \U0002872e:\U0002f9e5 鄛:\U0002f9e6 鈸:\U0002f9e7 鋗:\U0002f9e8 鋘:\U0002f9e9 鉼:\U0002f9ea " +
        "鏹:\U0002f9eb 鐕:\U0002f9ec \U00028bfa:\U0002f9ed 開:\U0002f9ee 䦕:\U0002f9ef 閷:\U0002f9f0 \U00028d77:\U0002f9f1 " +
        "䧦:\U0002f9f2 雃:\U0002f9f3 嶲:\U0002f9f4 霣:\U0002f9f5 \U00029145:\U0002f9f6 \U0002921a:\U0002f9f7 䩮:\U0002f9f8 " +
        "䩶:\U0002f9f9 韠:\U0002f9fa \U0002940a:\U0002f9fb 䪲:\U0002f9fc \U00029496:\U0002f9fd 頩:\U0002fa00 " +
        "\U000295b6:\U0002fa01 飢:\U0002fa02 䬳:\U0002fa03 餩:\U0002fa04 馧:\U0002fa05 駂:\U0002fa06 駾:\U0002fa07 " +
        "䯎:\U0002fa08 \U00029b30:\U0002fa09 鱀:\U0002fa0b 鳽:\U0002fa0c 䳎:\U0002fa0d 䳭:\U0002fa0e 鵧:\U0002fa0f " +
        "\U0002a0ce:\U0002fa10 䳸:\U0002fa11 \U0002a105:\U0002fa12 \U0002a20e:\U0002fa13 \U0002a291:\U0002fa14 " +
        "麻:\U0002fa15 䵖:\U0002fa16 黹:\U0002fa17 黾:\U0002fa18 鼅:\U0002fa19 鼏:\U0002fa1a 鼖:\U0002fa1b 鼻:\U0002fa1c " +
        "\U0002a600:\U0002fa1d ";

    private const int HangulFirst = 0xAC00, HangulCount = 11172;
    private const int Leading = 0x1100, Vowel = 0x1161, Trailing = 0x11A7, Vowels = 21, Trailings = 28;

    private static readonly Dictionary<int, string> Table = ParseGroups();

    /// <summary>What is left of the character, or <c>null</c> where it does not decompose.</summary>
    public static string? BaseOf(Rune character)
    {
        var syllable = character.Value - HangulFirst;
        return syllable is >= 0 and < HangulCount ? Jamo(syllable) : Table.GetValueOrDefault(character.Value);
    }

    private static string Jamo(int syllable)
    {
        var leading = (char)(Leading + syllable / (Vowels * Trailings));
        var vowel = (char)(Vowel + syllable / Trailings % Vowels);
        var trailing = syllable % Trailings;
        return trailing == 0 ? $"{leading}{vowel}" : $"{leading}{vowel}{(char)(Trailing + trailing)}";
    }

    private static Dictionary<int, string> ParseGroups()
    {
        var table = new Dictionary<int, string>();
        foreach (var group in Groups.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = group.IndexOf(':', StringComparison.Ordinal);
            foreach (var character in group[(colon + 1)..].EnumerateRunes()) table.Add(character.Value, group[..colon]);
        }
        return table;
    }
}
