namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// The entries of one page, collected from a listing of any length in any order: no more is kept than the page holds, and one.
/// </summary>
internal sealed class PageEntries(Page page)
{
    private readonly SortedSet<string> _first = new(StringComparer.Ordinal);

    /// <summary>The first entry after the page, when there is one.</summary>
    private string? _beyond;

    public int Size => page.Size;

    /// <summary>The entries in ordinal order.</summary>
    public IEnumerable<string> Entries => _first.Take(page.Size);

    /// <summary>What entries come after; empty for all.</summary>
    public string Last => page.Last;

    /// <summary>The position of the rest of what was collected from; <c>null</c> for the whole listing.</summary>
    public string? Within { get; set; }

    /// <summary>The position of what comes after all that was collected from; <c>null</c> for nothing.</summary>
    public string? Beyond { get; set; }

    /// <summary>What the upstreams warn of; <c>null</c> for nothing.</summary>
    public string? Warning { get; set; }

    /// <summary>The last entry of this page when more come after it in order; <c>null</c> when not.</summary>
    public string? Next => page.Size > 0 && _first.Count > page.Size ? _first.ElementAt(page.Size - 1) : null;

    /// <summary>The query of the next page; <c>null</c> when there is none.</summary>
    public string? NextQuery => page.Size == 0 ? null
        : Next is { } last ? $"n={page.Size}&last={Uri.EscapeDataString(last)}{(Within is null ? "" : $"&next={Within}")}"
        : Beyond is null ? null : $"n={page.Size}&next={Beyond}";

    /// <summary>Whether there are entries.</summary>
    public bool HasAny => _first.Count > 0;

    /// <summary>
    /// Whether an entry of the listing would be kept, as far as is known now: of a long listing few are, and the others cost nothing.
    /// </summary>
    public bool Wants(ReadOnlySpan<char> entry) =>
        entry.SequenceCompareTo(page.Last) > 0 && (_beyond is null || entry.SequenceCompareTo(_beyond) < 0);

    /// <summary>Takes an entry of the listing.</summary>
    public void Add(string entry)
    {
        if (!Wants(entry) || !_first.Add(entry) || _first.Count <= page.Size)
        {
            return;
        }

        if (_first.Count > page.Size + 1)
        {
            _first.Remove(_first.Max!);
        }

        _beyond = _first.Max;
    }

    /// <summary>Forgets what was collected.</summary>
    public void Clear()
    {
        _first.Clear();
        (_beyond, Within, Beyond) = (null, null, null);
    }
}
