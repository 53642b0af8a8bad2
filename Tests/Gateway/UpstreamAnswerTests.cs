using System.Net;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Which success of an upstream is an answer to what is read: what could not be checked is none.</summary>
public sealed class UpstreamAnswerTests
{
    public static TheoryData<HttpStatusCode, string?, bool> Reads => new()
    {
        { HttpStatusCode.OK, null, true },
        { HttpStatusCode.OK, "Range", true },
        { HttpStatusCode.PartialContent, "Range", true },
        { HttpStatusCode.PartialContent, null, false },
        { HttpStatusCode.PartialContent, "If-None-Match", false },
        { HttpStatusCode.NotModified, "If-None-Match", true },
        { HttpStatusCode.NotModified, "If-Modified-Since", true },
        { HttpStatusCode.NotModified, null, false },
        { HttpStatusCode.NotModified, "Range", false },
        { HttpStatusCode.Created, null, false },
        { HttpStatusCode.Accepted, null, false },
        { HttpStatusCode.NonAuthoritativeInformation, null, false },
        { HttpStatusCode.NoContent, null, false },
        { HttpStatusCode.ResetContent, null, false },
        { HttpStatusCode.MultiStatus, null, false },
        { HttpStatusCode.IMUsed, null, false },
        { (HttpStatusCode)299, null, false },
        { HttpStatusCode.NotFound, null, false },
    };

    [Theory]
    [MemberData(nameof(Reads))]
    public void What_is_read_comes_whole_or_as_it_was_asked_for(HttpStatusCode status, string? header, bool isAnswer)
    {
        foreach (var content in Enum.GetValues<ContentKind>())
        {
            foreach (var verified in new[] { null, Digest.Parse($"sha256:{new string('a', 64)}") })
            {
                var download = new Download
                {
                    Target = default, Scope = "", Payer = null, NotFound = DistributionError.NameUnknown(), Content = content,
                    Verified = verified
                };
                Assert.Equal(isAnswer, download.IsAnswer(Response(HttpMethod.Get, status, header)));
                Assert.Equal(isAnswer, download.IsAnswer(Response(HttpMethod.Head, status, header)));
            }
        }

        var listing = new UpstreamRequest { Target = default, Scope = "", Payer = null, NotFound = DistributionError.NameUnknown() };
        Assert.Equal(isAnswer, listing.IsAnswer(Response(HttpMethod.Get, status, header)));
    }

    [Fact]
    public void A_write_that_succeeded_did_whatever_its_status()
    {
        var write = new UpstreamRequest { Target = default, Scope = "", Payer = null, NotFound = DistributionError.NameUnknown() };
        var upload = new ForwardRequest { Target = default, Scope = "", Payer = null, NotFound = DistributionError.NameUnknown() };
        foreach (var status in new[] { 200, 201, 202, 203, 204, 205, 206, 299 })
        {
            Assert.True(write.IsAnswer(Response(HttpMethod.Delete, (HttpStatusCode)status, null)));
            Assert.True(upload.IsAnswer(Response(HttpMethod.Get, (HttpStatusCode)status, null)));
        }
    }

    private static HttpResponseMessage Response(HttpMethod method, HttpStatusCode status, string? header)
    {
        var request = new HttpRequestMessage(method, "http://up.example/");
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation(header, "x");
        }

        return new HttpResponseMessage(status) { RequestMessage = request };
    }
}
