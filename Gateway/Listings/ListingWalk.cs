using System.Globalization;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// The way from page to page of an upstream's listing for one request: which page is the next one, and whether that is for another request.
/// </summary>
internal sealed class ListingWalk
{
    /// <summary>
    /// The sizes of pages that an upstream is asked for; the next one where it refuses the one before with 400, as some do beyond what they
    /// allow.
    /// </summary>
    private static readonly int[] PageSizes = [100, 50, 10, 1];

    private readonly ListingQuestion _question;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly HashSet<string> _read = [];
    private int _size;
    private int _pages;
    private bool _isLinked;
    private bool _isGuess;
    private string? _first;
    private string? _warning;
    private OriginForm _start;

    public ListingWalk(ListingQuestion question, TimeProvider time)
    {
        (_question, _time, _began) = (question, time, time.GetTimestamp());
        Begin(question.Part?.From ?? Sized(PageSizes[0]));
    }

    /// <summary>The page that is read now.</summary>
    public OriginForm Target { get; private set; }

    /// <summary>How many bytes may still be read.</summary>
    public long Left { get; private set; } = UpstreamListing.MaxBytes;

    /// <summary>Whether the pages were read before: they are the same ones again, since the client has some of their names.</summary>
    private bool IsSettled => _question.Part is { Pages: > 0 };

    /// <summary>A page could not be read: what becomes of the listing; <c>null</c> to ask again, for smaller pages.</summary>
    public ListingOutcome? Recover(ListingPage page)
    {
        var error = page.Error!;
        if (_isGuess && IsOfGuess(error.Status))
        {
            return End(null);
        }

        if (page.Left < 0 && _pages > 0 && !IsSettled)
        {
            return End(Target);
        }

        if (error.Status != StatusCodes.Status400BadRequest)
        {
            return new ListingOutcome(error);
        }

        if (_question.Part is null && _pages == 0 && ++_size < PageSizes.Length)
        {
            Begin(Sized(PageSizes[_size]));
            return null;
        }

        return Unfinished("is refused with 400, whatever the size of its pages");
    }

    /// <summary>
    /// Whether a registry that knows no <c>last</c> answers so; one that refuses for another reason has more, as far as is known.
    /// </summary>
    private static bool IsOfGuess(int status) => status is StatusCodes.Status400BadRequest or StatusCodes.Status404NotFound
        or StatusCodes.Status405MethodNotAllowed or StatusCodes.Status422UnprocessableEntity;

    /// <summary>A page was read: what became of the listing; <c>null</c> to read the next one.</summary>
    public ListingOutcome? Advance(ListingPage page, bool isFull)
    {
        if (_isGuess && page.Names.First == _first)
        {
            return End(null);
        }

        (_pages, Left, _isLinked, _warning) = (_pages + 1, page.Left, _isLinked || page.Next is not null, page.Warning ?? _warning);
        var next = page.Next ?? Guess(page);
        if (next is not { } there || IsEnough(isFull))
        {
            return End(next);
        }

        if (!_read.Add(ShortHash.Of(there.Text)))
        {
            return Unfinished("has a Link header that points to a page that was already read");
        }

        (Target, _isGuess, _first) = (there, page.Next is null, page.Names.First);
        return IsSettled && _time.GetElapsedTime(_began) >= UpstreamListing.MaxAgainTime
            ? Unfinished("now comes slower than when its first names were read") : null;
    }

    /// <summary>
    /// Some registries give as many names as they are asked for and do not say that there are more. As many as that are asked for what
    /// comes after the last one; who knows no <c>last</c> begins at the beginning again.
    /// </summary>
    private OriginForm? Guess(ListingPage page) => !_isLinked && page.Names.LastOfFull is { } last
        ? OriginForm.Of($"{Sized(page.Names.Asked).Text}&last={Uri.EscapeDataString(last)}") : null;

    private bool IsEnough(bool isFull) => IsSettled ? _pages == _question.Part!.Pages
        : _pages >= UpstreamListing.MaxPages || Left < UpstreamListing.MaxBytes / 2 || isFull
        || _time.GetElapsedTime(_began) >= UpstreamListing.MaxTime;

    private void Begin(OriginForm page)
    {
        (Target, _start) = (page, page);
        _read.Add(ShortHash.Of(page.Text));
    }

    private OriginForm Sized(int size) => OriginForm.Of(string.Create(CultureInfo.InvariantCulture, $"{_question.Path}?n={size}"));

    private ListingOutcome End(OriginForm? next) =>
        new(null) { Start = _start, Pages = _pages, Next = next, Warning = _warning };

    private ListingOutcome Unfinished(string why) => new(UpstreamListing.Unfinished(_question.Upstream, why));
}
