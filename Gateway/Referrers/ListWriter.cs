using System.Security.Cryptography;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>Changes a list of referrers: reads it, and writes it anew.</summary>
internal sealed class ListWriter(TaggedReferrers tagged, TimeProvider time)
{
    /// <summary>The longest that it may take: less than a turn.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    /// <summary>The longest that it may take to look for what is gone: what was found until then is taken off.</summary>
    public static readonly TimeSpan MaxCheckTime = TimeSpan.FromSeconds(4);

    /// <summary>Manifests of one list that are looked for when the upstream refuses the list, each time from another place on.</summary>
    public const int MaxChecked = 1000;

    /// <summary>Manifests that are looked for at once.</summary>
    private const int Checked = 4;

    /// <param name="request">Whose request it is.</param>
    /// <param name="tag">The list.</param>
    /// <param name="change">What it becomes; <c>null</c> when it is to stay.</param>
    /// <param name="isOurTurn">Whether it is still our turn, asked right before it is written. From then on only time ends it, not the
    /// client.</param>
    public async Task<ListChange> Change(
        RegistryRequest request, Tag tag, Func<ReferrersIndex, CancellationToken, Task<ReferrersIndex?>> change,
        Func<CancellationToken, Task<bool>> isOurTurn)
    {
        using var limit = new CancellationTokenSource(MaxTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, request.Aborted);
        using var held = request.Upstream.Bodies.Hold(request.Key);
        var read = await tagged.Read(request, tag, held, either.Token);
        if (read is { Index: null, Error.Status: not StatusCodes.Status404NotFound })
        {
            // Where there is no list, nothing has to be taken off.
            return read.IsSubject && await change(ReferrersIndex.Empty, either.Token) is null ? ListChange.None
                : ListChange.Failed(read.Error);
        }

        if (await change(read.Index ?? ReferrersIndex.Empty, either.Token) is not { } next)
        {
            return ListChange.None;
        }

        if (!await isOurTurn(either.Token))
        {
            return ListChange.Late;
        }

        var result = await Write(request, tag, next, read, limit.Token);
        if (result.Result.Refused is not { Status: StatusCodes.Status400BadRequest or StatusCodes.Status404NotFound, IsOfAnother: false }
            || await WithoutGone(request, next, limit.Token) is not { } shorter)
        {
            return result;
        }

        // What is to be listed may be gone itself.
        return await change(shorter, limit.Token) is null ? await Write(request, tag, shorter, read, limit.Token)
            : ListChange.Failed(result.Result.Error!);
    }

    private async Task<ListChange> Write(
        RegistryRequest request, Tag tag, ReferrersIndex index, TaggedList read, CancellationToken cancellation)
    {
        var bytes = index.Referrers.Count <= ReferrersIndex.MaxReferrers ? index.ToBytes() : [];
        return bytes.Length is 0 or > (int)Manifest.MaxBytes
            ? ListChange.Failed(DistributionError.ManifestInvalid(
                $"a list has {ReferrersIndex.MaxReferrers} manifests and {Manifest.MaxBytes >> 20} MiB at most"))
            : ListChange.Of(await tagged.Write(request, tag, bytes, read, cancellation));
    }

    /// <summary>
    /// Some registries take no list of what they do not have, such as what was deleted past us; <c>null</c> when nothing was found gone.
    /// </summary>
    private async Task<ReferrersIndex?> WithoutGone(RegistryRequest request, ReferrersIndex index, CancellationToken cancellation)
    {
        var gone = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        using var limit = new CancellationTokenSource(MaxCheckTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var from = index.Referrers.Count > MaxChecked ? RandomNumberGenerator.GetInt32(index.Referrers.Count) : 0;
        try
        {
            await Parallel.ForEachAsync(
                index.Referrers.Skip(from).Concat(index.Referrers.Take(from)).Take(MaxChecked), new ParallelOptions
                {
                    MaxDegreeOfParallelism = Checked, CancellationToken = either.Token
                },
                async (referrer, stop) =>
                {
                    if (Digest.TryParse(referrer.Digest, out var digest)
                        && await tagged.IsGone(request, digest, stop))
                    {
                        gone[digest.Value] = true;
                    }
                });
        }
        catch (OperationCanceledException)
        {
            // What was found counts all the same.
        }

        return gone.IsEmpty || cancellation.IsCancellationRequested ? null
            : index.Without(referrer => referrer.Digest is { } digest && gone.ContainsKey(digest));
    }
}
