using System.Buffers;
using System.Text.Json;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Reads a listing of an upstream. Registries differ in what they make of <c>n</c> and <c>last</c>: pages are followed by the query of the
/// upstream's own <c>Link</c>, and put in order here. What is too long for one request ends between two pages and says where it goes on;
/// what cannot be read to its end is never a shorter listing.
/// </summary>
internal sealed class UpstreamListing(UpstreamClient client, TimeProvider time)
{
    /// <summary>
    /// The most that is read of all pages of a listing for one request, in bytes; beyond half of it no other page is begun.
    /// </summary>
    public const long MaxBytes = 64 * 1024 * 1024;

    /// <summary>The most pages of a listing for one request.</summary>
    public const int MaxPages = 1000;

    /// <summary>After so long no other page of a listing is begun for one request.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(30);

    /// <summary>
    /// After so long pages that were read before, and are read again for a client that has some of their names, are given up.
    /// </summary>
    public static readonly TimeSpan MaxAgainTime = TimeSpan.FromSeconds(60);

    /// <summary>The longest that one page may take.</summary>
    public static readonly TimeSpan PageTime = TimeSpan.FromSeconds(30);

    /// <summary>The most that is held of a page at once, in bytes; no single token of its JSON may be longer.</summary>
    public const int MaxPiece = 16 * 1024;

    /// <summary>Hands on the names of a listing, in the upstream's order; what became of it.</summary>
    /// <param name="question">The listing.</param>
    /// <param name="take">Takes a name, which may be any text.</param>
    /// <param name="isFull">Whether no other page is to be read for now.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<ListingOutcome> Read(
        ListingQuestion question, NameTaker take, Func<bool> isFull, CancellationToken cancellation)
    {
        var walk = new ListingWalk(question, time);
        while (true)
        {
            var page = await FetchPage(question, walk.Target, take, walk.Left, cancellation);
            if ((page.Error is null ? walk.Advance(page, isFull()) : walk.Recover(page)) is { } outcome)
            {
                return outcome;
            }
        }
    }

    private async Task<ListingPage> FetchPage(
        ListingQuestion question, OriginForm target, NameTaker take, long left, CancellationToken cancellation)
    {
        var (upstream, names) = (question.Upstream, new PageNames(target, take));
        var request = new UpstreamRequest
        {
            Target = target, Scope = question.Scope, Payer = question.Payer, NotFound = DistributionError.NameUnknown(),
            Kind = CallKind.Listing,
        };
        using var limit = new CancellationTokenSource(PageTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using var message = new HttpRequestMessage(HttpMethod.Get, (Uri?)null);
        RequestHeaders.AddCommon(message);
        var (answer, error) = await client.Send(upstream, request, message, either.Token);
        if (answer is null)
        {
            cancellation.ThrowIfCancellationRequested();
            return new ListingPage(names, null, 0, error);
        }

        using (answer)
        {
            try
            {
                return await ReadPage(answer, question, names, left, either.Token);
            }
            catch (Exception fault) when (!cancellation.IsCancellationRequested
                && fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException or JsonException)
            {
                return new ListingPage(names, null, 0, UpstreamErrors.Unanswered(upstream, fault));
            }
        }
    }

    private static async Task<ListingPage> ReadPage(
        HttpResponseMessage response, ListingQuestion question, PageNames names, long left, CancellationToken cancellation)
    {
        var (reader, buffer, held) = (new NameReader(question.Member, names.Take), ArrayPool<byte>.Shared.Rent(MaxPiece), 0);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            for (var isFinal = false; !isFinal;)
            {
                var read = await body.ReadAsync(buffer.AsMemory(held, MaxPiece - held), cancellation);
                if ((left -= read) < 0)
                {
                    return new ListingPage(names, null, left, Unfinished(question.Upstream, $"is larger than {MaxBytes >> 20} MiB"));
                }

                (isFinal, held) = (read == 0, held + read);
                var used = reader.Read(buffer.AsSpan(0, held), isFinal);
                buffer.AsSpan(used, held - used).CopyTo(buffer);
                held -= used;
                if (held == MaxPiece)
                {
                    throw new JsonException("a listing holds no such long text");
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (reader.IsError)
        {
            return new ListingPage(names, null, 0, Unfinished(question.Upstream, "is an error"));
        }

        return LinkHeader.TryNext(response, question.Path, out var next)
            ? new ListingPage(names, next, left, null) { Warning = ResponseHeaders.WarningOf(response) }
            : new ListingPage(
                names, null, 0, Unfinished(question.Upstream, "has a Link header that points outside its API, or back to the same page"));
    }

    /// <summary>The error of a listing of which a part is missing, and nobody says that.</summary>
    internal static DistributionError Unfinished(Upstream upstream, string why) =>
        DistributionError.Unavailable(502, $"upstream '{upstream.Name}' has a listing that cannot be read to its end: it {why}", 5);
}

/// <summary>A page of an upstream's listing.</summary>
/// <param name="Names">Its names, as far as it was read.</param>
/// <param name="Next">The page that it leads to; <c>null</c> when it leads to none.</param>
/// <param name="Left">How many bytes may still be read; below 0 when it had more.</param>
/// <param name="Error">Why it could not be read to its end.</param>
internal sealed record ListingPage(PageNames Names, OriginForm? Next, long Left, DistributionError? Error)
{
    /// <summary>What the upstream warns of; <c>null</c> for nothing.</summary>
    public string? Warning { get; init; }
}

/// <summary>A listing of an upstream.</summary>
/// <param name="Payer">Whose request it is, where it is about one repository.</param>
/// <param name="Route">The route that leads to it.</param>
/// <param name="Upstream">The upstream.</param>
/// <param name="Scope">What its token must carry.</param>
/// <param name="Path">The listing without its query.</param>
/// <param name="Member">The member of the body that holds the names.</param>
internal sealed record ListingQuestion(
    RegistryRequest? Payer, TenantRoute Route, Upstream Upstream, string Scope, string Path, string Member)
{
    /// <summary>The pages that are read; <c>null</c> for all.</summary>
    public ListingPart? Part { get; init; }
}

/// <summary>What became of reading a listing.</summary>
/// <param name="Error">The error for the client when not all names could be had.</param>
internal readonly record struct ListingOutcome(DistributionError? Error)
{
    /// <summary>The page that was read first.</summary>
    public OriginForm Start { get; init; }

    /// <summary>How many pages were read.</summary>
    public int Pages { get; init; }

    /// <summary>What the upstream warns of with the last page of them that has a warning; <c>null</c> for nothing.</summary>
    public string? Warning { get; init; }

    /// <summary>The page that is the next one, where more would have been too much for one request; <c>null</c> at the end.</summary>
    public OriginForm? Next { get; init; }
}
