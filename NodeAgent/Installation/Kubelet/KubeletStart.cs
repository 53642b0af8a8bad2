using System.Text.RegularExpressions;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Merging.Flags;

namespace RegistryProxy.NodeAgent.Installation.Kubelet;

/// <summary>One word that kubelet is started with, and the file that says it.</summary>
internal readonly record struct StartWord(string Text, string File, string Variable);

/// <summary>What systemd starts kubelet with: its unit, the drop-ins, and the files of variables that they name.</summary>
internal sealed partial class KubeletStart
{
    private static readonly string[] Folders =
        ["/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

    /// <summary>What systemd takes from before the program.</summary>
    private static readonly char[] Prefixes = ['@', '-', ':', '+', '!'];

    private readonly Dictionary<string, (Assignment Value, string File)> _variables = [];
    private readonly List<string> _environmentFiles = [];
    private (Assignment Value, string File)? _command;

    /// <summary>The words behind the program; <c>null</c> when no unit starts a kubelet.</summary>
    public IReadOnlyList<StartWord>? Words { get; private set; }

    /// <summary>The program itself; <c>null</c> likewise.</summary>
    public string? Program { get; private set; }

    /// <summary>Every file that has a say, there or not.</summary>
    public List<string> Files { get; } = [];

    /// <summary>
    /// The variables that the command hands over, and the files that set them last; a variable that nobody sets has the last file that may.
    /// </summary>
    public Dictionary<string, string> Variables { get; } = [];

    public static KubeletStart Read(HostFiles host)
    {
        var start = new KubeletStart();
        foreach (var unit in Units(host))
        {
            start.Files.Add(unit);
            start.ReadUnit(host.Read(unit) ?? "", unit);
        }

        foreach (var file in start._environmentFiles.SelectMany(path => FileGlob.IsPattern(path) ? host.List(Path.GetDirectoryName(path)!,
            Path.GetFileName(path)) : [path]))
        {
            start.Files.Add(file);
            foreach (var variable in EnvironmentText.Read(host.Read(file) ?? ""))
            {
                start._variables[variable.Name] = (variable, file);
            }
        }

        start.Expand();
        return start;
    }

    /// <summary>
    /// The unit, then its drop-ins by name; a name in a stronger folder hides the weaker one, and a link to <c>/dev/null</c> does. A link
    /// that leads nowhere is passed over, as systemd does.
    /// </summary>
    private static IEnumerable<string> Units(HostFiles host) =>
    [
        .. Folders.Select(folder => $"{folder}/kubelet.service").Where(file => host.Read(file) is not null).Take(1),
        .. Folders.SelectMany(
            folder => host.List($"{folder}/service.d", "*.conf").Concat(host.List($"{folder}/kubelet.service.d", "*.conf")))
            .Where(file => host.Read(file) is not null || host.LinkTarget(file) == host.At("/dev/null"))
            .DistinctBy(Path.GetFileName).OrderBy(file => Path.GetFileName(file), StringComparer.Ordinal),
    ];

    private void ReadUnit(string text, string file)
    {
        foreach (var (key, value) in UnitText.Read(text))
        {
            switch (key)
            {
                case "Environment" when value.Name.Length == 0:
                    _variables.Clear();
                    break;
                case "Environment":
                    _variables[value.Name] = (value, file);
                    break;
                case "EnvironmentFile" when value.Words.Count == 0:
                    _environmentFiles.Clear();
                    break;
                case "EnvironmentFile":
                    _environmentFiles.AddRange(value.Words.Select(word => word.Text.TrimStart('-')));
                    break;
                case UnitText.Command:
                    _command = value.Words.Count == 0 ? null : (value, file);
                    break;
            }
        }
    }

    private void Expand()
    {
        if (_command is not { } command || PlaceOfProgram(command.Value.Words) is not (>= 0 and var program))
        {
            return;
        }

        Program = command.Value.Words[program].Text.TrimStart(Prefixes);
        List<StartWord> words = [];
        foreach (var word in command.Value.Words.Skip(program + 1).Select(word => word.Text))
        {
            if (word is ['$', not '{', ..])
            {
                words.AddRange(Variable(word[1..]));
            }
            else
            {
                words.Add(Within(word, command.File));
            }
        }

        Words = words;
    }

    /// <summary>Where kubelet is named, itself or behind a program that starts it; -1 when it is not.</summary>
    private static int PlaceOfProgram(IReadOnlyList<Word> command)
    {
        var names = command.Select(word => Path.GetFileName(word.Text.TrimStart(Prefixes))).ToList();
        var flags = command.Skip(1).TakeWhile(word => !word.Text.StartsWith('-')).Count() + 1;
        return names.IndexOf("kubelet") is var at && at < flags ? at : -1;
    }

    /// <summary>
    /// A word with its <c>${VARIABLE}</c>s, each as it is, blanks and all; it is of a variable only where that is the whole of it.
    /// </summary>
    private StartWord Within(string word, string file)
    {
        var (from, variable) = (file, UnitText.Command);
        var text = Braced().Replace(word, match =>
        {
            var words = Variable(match.Groups[1].Value).ToList();
            if (words.Count > 0 && match.Length == word.Length)
            {
                (from, variable) = (words[0].File, words[0].Variable);
            }

            return string.Join(' ', words.Select(one => one.Text));
        });
        return new StartWord(text, from, variable);
    }

    [GeneratedRegex(@"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Braced();

    private IEnumerable<StartWord> Variable(string name)
    {
        if (_variables.TryGetValue(name, out var found))
        {
            Variables[name] = found.File;
            return found.Value.Words.Select(word => new StartWord(word.Text, found.File, name));
        }

        if (_environmentFiles.LastOrDefault(file => file.StartsWith("/etc/", StringComparison.Ordinal)) is { } last)
        {
            Variables[name] = last;
        }

        return [];
    }
}
