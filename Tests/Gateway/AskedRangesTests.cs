using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Ranges;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Tests.Support;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What a client asks for and what an upstream is asked for in its place are the same bytes.</summary>
public sealed class AskedRangesTests
{
    private const string Tag = "\"t\"";

    [Fact]
    public void What_the_upstream_is_asked_for_is_what_the_client_wants()
    {
        var random = new Random(3);
        for (var i = 0; i < Sizes.Of(20_000, 1_000_000); i++)
        {
            var size = random.Next(1, 60);
            var text = "bytes=" + string.Join(',', Enumerable.Range(0, random.Next(1, 6)).Select(_ => Item(random)));
            var wanted = ByteRanges.Of(Request(text), Tag, size);
            if (AskedRanges.Of(Request(text), Tag) is not { } asked)
            {
                Assert.True(wanted is null || (wanted is [{ First: 0 } all] && all.End == size), text);
                continue;
            }

            Assert.Equal(wanted, asked.Within(size));
            Assert.Equal(Bytes(wanted!), Bytes(ByteRanges.Of(Request(asked.Text), Tag, size)!));
            Assert.True(asked.MaxBytes is not { } most || most >= wanted!.Sum(range => range.Count), text);
            Assert.Equal(asked.AreSeveral, asked.Text.Contains(','));
        }
    }

    [Theory]
    [InlineData("bytes=5-9", "bytes=5-9", 5L)]
    [InlineData("bytes=20-29, 0-4,,5-9", "bytes=20-29,0-4,5-9", 20L)]
    [InlineData("bytes=20-29, 0-5,,5-9", "bytes=0-9,20-29", 20L)]
    [InlineData("bytes=-7,-3", "bytes=-7", 7L)]
    [InlineData("bytes=100-,50-120,7-", "bytes=7-", null)]
    [InlineData("bytes=0-9223372036854775807,-9223372036854775807", "bytes=0-9223372036854775807,-9223372036854775807", null)]
    public void It_is_said_as_it_was_or_sorted_and_merged_where_any_overlap(string text, string asked, long? most)
    {
        var ranges = AskedRanges.Of(Request(text), Tag)!;
        Assert.Equal((asked, most), (ranges.Text, ranges.MaxBytes));
    }

    [Theory]
    [InlineData("bytes=0-")]
    [InlineData("bytes=0-4,3-")]
    [InlineData("bytes=9-5")]
    [InlineData("bytes=1-2,x")]
    [InlineData("lines=1-2")]
    public void The_whole_and_what_cannot_be_read_is_no_range(string text) => Assert.Null(AskedRanges.Of(Request(text), Tag));

    private static IEnumerable<long> Bytes(ByteRange[] ranges) =>
        ranges.SelectMany(range => Enumerable.Range((int)range.First, (int)range.Count)).Select(at => (long)at).Order();

    private static string Item(Random random) => random.Next(4) switch
    {
        0 => $"-{random.Next(0, 70)}",
        1 => $"{random.Next(0, 70)}-",
        _ => random.Next(0, 70) is var first ? $"{first}-{first + random.Next(0, 10)}" : "",
    };

    private static HttpRequest Request(string range)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = "GET";
        request.Headers.Range = range;
        return request;
    }
}
