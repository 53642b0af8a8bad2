using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Texts;

/// <summary>Which text of each part is tried: the one that is there, the last good one, or none.</summary>
/// <param name="lastGood">By the name of the part.</param>
internal sealed class ChosenParts(IReadOnlyDictionary<string, PartText> lastGood)
{
    private readonly Dictionary<string, Choice> _parts = [];
    private readonly SortedSet<string> _awaited = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _contested = new(StringComparer.Ordinal);

    /// <summary>Names of parts that were not read yet; nothing is wrong with them.</summary>
    public IReadOnlyCollection<string> Awaited => _awaited;

    /// <summary>Names of parts that have what others want.</summary>
    public IEnumerable<string> Contested => _contested.Where(part => _parts.GetValueOrDefault(part)?.Text is not null);

    /// <summary>What is wrong with the texts that are not used as they are.</summary>
    public IReadOnlyList<PartFault> Faults =>
    [
        .. _parts.Values.Where(part => part.Errors is not null).OrderBy(part => part.Offered.Name, StringComparer.Ordinal)
            .Select(part => new PartFault(part.Offered.Name, part.Offered.File, !part.IsMissing, part.Errors!)),
    ];

    /// <summary>Names of parts without a text that could be used.</summary>
    public IEnumerable<string> Missing => _parts.Values.Where(part => part.IsMissing).Select(part => part.Offered.Name);

    /// <summary>The texts of parts that have none that could be used.</summary>
    public IEnumerable<PartText> Unusable(IEnumerable<OfferedPart> offered) =>
        offered.Where(one => _parts[one.Name].IsMissing).Select(one => one.Text).OfType<PartText>();

    /// <summary>The texts that are tried.</summary>
    public IEnumerable<PartText> Used => _parts.Values.Select(part => part.Text).OfType<PartText>();

    /// <summary>
    /// The text that is tried; <c>null</c> for none. One that is in use already is not read again, whatever became of files that it names.
    /// </summary>
    public PartText? Of(OfferedPart offered)
    {
        if (!_parts.TryGetValue(offered.Name, out var choice))
        {
            _parts[offered.Name] = choice = new Choice(offered)
            {
                Text = lastGood.TryGetValue(offered.Name, out var good) && good == offered.Text ? good : offered.Text,
                IsNeeded = !offered.IsKept,
                MayKeep = offered.MayKeep,
            };
            if (offered.Text is null)
            {
                Degrade(offered.Name, [new ConfigurationError(offered.File, 1, "", offered.Problem)]);
            }
        }

        return choice.Text;
    }

    /// <summary>Other parts want what these have.</summary>
    public void Contest(IEnumerable<string> parts) => _contested.UnionWith(parts);

    /// <summary>The part is read later.</summary>
    public void Await(string part) => _awaited.Add(part);

    /// <summary>The text that is tried is not good.</summary>
    public void Degrade(string part, IEnumerable<ConfigurationError> errors)
    {
        var choice = _parts[part];
        choice.Errors ??= [.. errors.OrderBy(error => error.Line)];
        choice.Text = lastGood.TryGetValue(part, out var good) && choice.MayKeep && !ReferenceEquals(good, choice.Text) ? good : null;
        choice.MayKeep = false;
    }

    /// <summary>It is no part of its own, and nothing is missing without it.</summary>
    public void LeaveOut(string part, ConfigurationError error)
    {
        var choice = _parts[part];
        (choice.Text, choice.Errors, choice.MayKeep, choice.IsNeeded) = (null, [error], false, false);
    }

    private sealed class Choice(OfferedPart offered)
    {
        public OfferedPart Offered => offered;

        public PartText? Text { get; set; }

        public bool MayKeep { get; set; } = true;

        public bool IsNeeded { get; set; } = true;

        public IReadOnlyList<ConfigurationError>? Errors { get; set; }

        public bool IsMissing => Text is null && IsNeeded;
    }
}
