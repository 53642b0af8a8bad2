using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Tests.Support;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Several ranges against an oracle that marks one byte after the other.</summary>
public sealed class ByteRangesTests
{
    private const string Tag = "\"t\"";

    private static readonly string[] Junk = ["", " ", "-", "x", "1", "3-1", "--2", "1-2-3", "+1-2", "1 -2", "99999999999999999999-",
        "-99999999999999999999", "\u0661-2"];

    [Fact]
    public void Whatever_is_asked_for_is_what_the_oracle_marks()
    {
        var random = new Random(Sizes.Full ? 1 : 2);
        for (var i = 0; i < Sizes.Of(20_000, 1_000_000); i++)
        {
            var size = random.Next(0, 40);
            var items = Enumerable.Range(0, random.Next(2, 7)).Select(_ => Item(random)).ToList();
            var header = "bytes=" + string.Join(',', items.Select(item => random.Next(4) == 0 ? $" {item}\t" : item));
            var actual = ByteRanges.Of(Request(header), Tag, size);
            Assert.True(Same(Expect(items, size), actual), $"{header} of {size}");
        }
    }

    [Theory]
    [InlineData(ByteRanges.MaxRanges, true)]
    [InlineData(ByteRanges.MaxRanges + 1, false)]
    public void More_than_so_many_are_the_whole(int count, bool isPartial)
    {
        var ranges = ByteRanges.Of(
            Request("bytes=" + string.Join(',', Enumerable.Range(0, count).Select(number => $"{number * 2}-{number * 2}"))), Tag, 10_000);
        Assert.Equal(isPartial ? count : null, ranges?.Length);
    }

    private static string Item(Random random) => random.Next(8) switch
    {
        0 => $"-{random.Next(0, 45)}",
        1 => $"{random.Next(0, 45)}-",
        2 when random.Next(6) == 0 => Junk[random.Next(Junk.Length)],
        _ => random.Next(0, 45) is var first ? $"{first}-{first + random.Next(0, 10)}" : "",
    };

    /// <summary>Runs of marked bytes; <c>null</c> for the whole.</summary>
    private static List<(long First, long Count)>? Expect(List<string> items, int size)
    {
        var marks = new bool[size];
        var (read, overlaps, isAllOfNothing) = (0, false, false);
        List<(long First, long Count)> apart = [];
        foreach (var item in items.Where(item => item.Trim().Length > 0))
        {
            var parts = item.Split('-');
            if (parts.Length != 2 || parts.Any(part => part.Length > 9 || part.Any(character => character is < '0' or > '9'))
                || item == "-")
            {
                return null;
            }

            var (first, last) = parts[0] == "" ? (Math.Max(0, size - int.Parse(parts[1])), size - 1)
                : (int.Parse(parts[0]), parts[1] == "" ? size - 1 : int.Parse(parts[1]));
            if (parts is [{ Length: > 0 }, { Length: > 0 }] && last < first)
            {
                return null;
            }

            read++;
            isAllOfNothing |= size == 0 && parts[0] == "" && int.Parse(parts[1]) > 0;
            for (var at = first; at <= Math.Min(last, size - 1); at++)
            {
                overlaps |= marks[at];
                marks[at] = true;
            }

            if (first <= Math.Min(last, size - 1))
            {
                apart.Add((first, Math.Min(last, size - 1) - first + 1));
            }
        }

        return read == 0 || isAllOfNothing ? null : overlaps ? Runs(marks) : apart;
    }

    private static List<(long First, long Count)> Runs(bool[] marks)
    {
        List<(long First, long Count)> runs = [];
        for (var at = 0; at < marks.Length; at++)
        {
            if (marks[at] && at > 0 && marks[at - 1])
            {
                runs[^1] = (runs[^1].First, runs[^1].Count + 1);
            }
            else if (marks[at])
            {
                runs.Add((at, 1));
            }
        }

        return runs;
    }

    private static bool Same(List<(long First, long Count)>? expected, ByteRange[]? actual) =>
        expected is null ? actual is null
            : actual is not null && expected.SequenceEqual(actual.Select(range => (range.First, range.Count)));

    private static HttpRequest Request(string range)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = "GET";
        request.Headers.Range = range;
        return request;
    }
}
