using System.Buffers;
using System.Text.Json;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Reads a listing of an upstream. Registries differ in what they make of <c>n</c> and <c>last</c>: pages are followed by the query of the
/// upstream's own <c>Link</c>, and put in order here. What cannot be read to its end is an error, never a shorter listing.
/// </summary>
internal sealed class UpstreamListing(UpstreamClient client, TimeProvider time)
{
    /// <summary>The most that is read of all pages of one listing, in bytes.</summary>
    public const long MaxBytes = 64 * 1024 * 1024;

    /// <summary>The most pages of one listing.</summary>
    public const int MaxPages = 1000;

    /// <summary>The longest that the pages of one listing may take.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The sizes of pages that an upstream is asked for; the next one where it refuses the one before with 400, as some do beyond what they
    /// allow.
    /// </summary>
    private static readonly int[] PageSizes = [Page.MaxSize, 100, 20];

    private static readonly TimeSpan PageTime = TimeSpan.FromSeconds(30);

    /// <summary>The most that is held of a page at once, in bytes; no single token of its JSON may be longer.</summary>
    public const int MaxPiece = 16 * 1024;

    /// <summary>Hands on all names of a listing, in the upstream's order; the error for the client when they cannot all be had.</summary>
    /// <param name="payer">Whose request it is, where it is about one repository.</param>
    /// <param name="upstream">The upstream.</param>
    /// <param name="scope">What its token must carry.</param>
    /// <param name="path">The listing without its query.</param>
    /// <param name="member">The member of the body that holds the names.</param>
    /// <param name="take">Takes a name, which may be any text.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DistributionError?> ReadAll(
        RegistryRequest? payer, Upstream upstream, string scope, string path, string member, NameTaker take, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(MaxTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await ReadPages(payer, upstream, scope, path, new NamesOf(member, take), either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Unfinished(upstream, $"takes longer than {MaxTime.TotalSeconds:0} s");
        }
    }

    private async Task<DistributionError?> ReadPages(
        RegistryRequest? payer, Upstream upstream, string scope, string path, NamesOf names, CancellationToken cancellation)
    {
        var (query, left, size) = ($"n={PageSizes[0]}", MaxBytes, 0);
        for (var count = 0; count < MaxPages; count++)
        {
            if (!OriginForm.TryParse($"{path}?{query}", out var target))
            {
                return Unfinished(upstream, "goes on at something that is not an address");
            }

            var request = new UpstreamRequest
            {
                Target = target, Scope = scope, Payer = payer, NotFound = DistributionError.NameUnknown(), Kind = CallKind.Listing,
            };
            var page = await FetchPage(upstream, request, names, left, cancellation);
            if (page.Error is { Status: StatusCodes.Status400BadRequest } && count == size && ++size < PageSizes.Length)
            {
                query = $"n={PageSizes[size]}";
                continue;
            }

            if (page.Error is { } error)
            {
                return error.Status == StatusCodes.Status400BadRequest
                    ? Unfinished(upstream, "is refused with 400, whatever the size of its pages") : error;
            }

            left = page.Left;
            switch (page.Next)
            {
                case null:
                    return null;
                case var next when next == query:
                    return Unfinished(upstream, "names a page as the one after itself");
                case var next:
                    query = next;
                    break;
            }
        }

        return Unfinished(upstream, $"has more than {MaxPages} pages");
    }

    private async Task<ListingPage> FetchPage(
        Upstream upstream, UpstreamRequest request, NamesOf names, long left, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(PageTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using var message = new HttpRequestMessage(HttpMethod.Get, (Uri?)null);
        RequestHeaders.AddCommon(message);
        var (answer, error) = await client.Send(upstream, request, message, either.Token);
        if (answer is null)
        {
            cancellation.ThrowIfCancellationRequested();
            return new ListingPage(null, 0, error);
        }

        using (answer)
        {
            try
            {
                return await ReadPage(answer, upstream, names, left, either.Token);
            }
            catch (Exception fault) when (!cancellation.IsCancellationRequested
                && fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException or JsonException)
            {
                return new ListingPage(null, 0, UpstreamErrors.Unanswered(upstream, fault));
            }
        }
    }

    private static async Task<ListingPage> ReadPage(
        HttpResponseMessage response, Upstream upstream, NamesOf names, long left, CancellationToken cancellation)
    {
        var (reader, buffer, held) = (new NameReader(names.Member, names.Take), ArrayPool<byte>.Shared.Rent(MaxPiece), 0);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            for (var isFinal = false; !isFinal;)
            {
                var read = await body.ReadAsync(buffer.AsMemory(held, MaxPiece - held), cancellation);
                if ((left -= read) < 0)
                {
                    return new ListingPage(null, 0, Unfinished(upstream, $"is larger than {MaxBytes >> 20} MiB"));
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

        return LinkHeader.TryNextQuery(response, out var next)
            ? new ListingPage(next, left, null)
            : new ListingPage(null, 0, Unfinished(upstream, "goes on at something that is not an address"));
    }

    private static DistributionError Unfinished(Upstream upstream, string why) =>
        DistributionError.Unavailable(502, $"upstream '{upstream.Name}' has a listing that cannot be read to its end: it {why}", 5);

    private readonly record struct NamesOf(string Member, NameTaker Take);

    private sealed record ListingPage(string? Next, long Left, DistributionError? Error);
}
