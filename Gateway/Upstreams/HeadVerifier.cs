namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Finds out whether what an upstream says to HEAD is so, from what its GETs bring.</summary>
internal sealed class HeadVerifier(UpstreamClient client, HeadTruth heads)
{
    /// <summary>Manifests and blobs come from different places, and manifests alone are counted.</summary>
    public HeadRecord RecordOf(Fetch fetch) => heads.Of(fetch.Destination.Upstream, isBlob: !fetch.IsMetered);

    /// <summary>Asks with HEAD.</summary>
    /// <param name="fetch">For what.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="mayBeTrial">Whether a refusal may say nothing of the token: a GET follows then.</param>
    public async Task<UpstreamResult> Head(Fetch fetch, CancellationToken cancellation, bool mayBeTrial = true)
    {
        using var message = fetch.ToMessage(HttpMethod.Head);
        var asked = fetch with { IsMetered = false, IsTrial = mayBeTrial && !RecordOf(fetch).IsHonest };
        return await client.SendWithTimeout(fetch.Destination.Upstream, asked, message, cancellation);
    }

    /// <summary>HEAD said that it is not there, or not for us: whether that is believed.</summary>
    public async Task<bool> IsBelieved(Fetch fetch, CancellationToken cancellation)
    {
        var record = RecordOf(fetch);
        var (isBelieved, witness) = record.Deny(fetch);
        if (witness is null)
        {
            return isBelieved;
        }

        var result = await Head(witness, cancellation);
        using (result.Answer)
        {
            if (result.Answer is not null)
            {
                record.Confirm();
            }
            else if (result.Refused is { IsDoubtful: true, Status: < 500 } or { IsNoWordOfGet: true })
            {
                record.Reject();
            }

            return result.Answer is not null;
        }
    }
}
