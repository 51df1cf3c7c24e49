package dev.drover.cli.value;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
  private static final int CLUSTER = 65536;

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "512,512",
    "1K,1024",
    "1k,1024",
    "64M,67108864",
    "1.5G,1610612736",
    "2T,2199023255552",
    "7b,7",
    "0.3K,307",
    "0x10,16",
    "0X7fffffffffffffff,9223372036854775807",
    "9223372036854775807,9223372036854775807"
  })
  void suffixesAreThoseOfQemuImg(String text, long bytes) {
    assertEquals(bytes, ByteSize.parse(text).bytes());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-1",
        "-1G",
        "G",
        "1X",
        "1KB",
        "1 G",
        "0x",
        "0x8000000000000000",
        "1e3",
        "1.G",
        ".5G",
        "NaN",
        "9223372036854775808",
        "8E",
        "99999999999999999999999T"
      })
  void whatIsNoSizeIsRefusedByName(String text) {
    IllegalValue e = assertThrows(IllegalValue.class, () -> ByteSize.parse(text));
    assertTrue(e.getMessage().contains("'" + text + "'"), e.getMessage());
  }

  @Test
  void aSizeIsToldSoThatItCanBeGivenAgain() {
    for (String text :
        new String[] {"0", "1", "512", "1K", "1023K", "96M", "98816K", "256M", "3T"}) {
      assertEquals(text, ByteSize.exactText(ByteSize.parse(text).bytes()));
    }
    assertEquals("1G", ByteSize.exactText(1024L << 20));
  }

  @Test
  void aDiskIsRoundedUpToWholeSectors() {
    assertEquals(512, ByteSize.parseDisk("1", CLUSTER).bytes());
    assertEquals(1024, ByteSize.parseDisk("513", CLUSTER).bytes());
    assertEquals(1049088, ByteSize.parseDisk("1048577", CLUSTER).bytes());
    assertEquals(1 << 20, ByteSize.parseDisk("1M", CLUSTER).bytes());
  }

  @Test
  void aDiskOfNothingIsRefused() {
    assertThrows(IllegalValue.class, () -> ByteSize.parseDisk("0", CLUSTER));
    assertThrows(IllegalValue.class, () -> ByteSize.parseDisk("0.1b", CLUSTER));
  }

  @Test
  void aDiskLargerThanItsClustersCanMapIsRefused() {
    long most = ByteSize.mostMappable(CLUSTER);
    assertEquals(2L << 50, most, "32 MiB of L1 at 64 KiB clusters maps 2 PiB");
    assertEquals(most, ByteSize.parseDisk("2P", CLUSTER).bytes());
    assertThrows(IllegalValue.class, () -> ByteSize.parseDisk((most + 1) + "", CLUSTER));
    assertThrows(IllegalValue.class, () -> ByteSize.parseDisk("2P", CLUSTER / 2));
  }

  @ParameterizedTest
  @CsvSource({
    "0,0 B",
    "512,512 B",
    "1024,1 KiB",
    "196616,192 KiB",
    "1023,0.999 KiB",
    "67108864,64 MiB",
    "1610612736,1.5 GiB",
    "1073741824000,0.977 TiB"
  })
  void sizesAreSaidAsQemuImgSaysThem(long bytes, String text) {
    assertEquals(text, ByteSize.text(bytes));
  }
}
