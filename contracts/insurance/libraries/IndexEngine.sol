// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What is computed from the values of a window.
/// @dev `threshold` is the index's own parameter; `attachment` and `exit` speak of the result.
enum IndexKind {
    /// @dev Σ value: rain over a season, in the feed's unit.
    Sum,
    /// @dev Σ max(value − threshold, 0): degree days above, cumulative excess.
    SumAbove,
    /// @dev Σ max(threshold − value, 0): degree days below, cumulative shortfall.
    SumBelow,
    /// @dev The greatest value: the extreme day, gust, delay or river level.
    Maximum,
    /// @dev The least value: the coldest night.
    Minimum,
    /// @dev Number of values strictly above the threshold.
    DaysAbove,
    /// @dev Number of values strictly below the threshold.
    DaysBelow,
    /// @dev Longest run of consecutive values strictly above the threshold: a wet spell.
    RunAbove,
    /// @dev Longest run of consecutive values strictly below the threshold: a dry spell.
    RunBelow,
    /// @dev The greatest magnitude of an event within `radius` of a point; 0 when there was none. See `IndexTerms`.
    Magnitude
}

/// @notice How values become an index and the index a payout.
/// @dev Linear cover (`tiers` zero): `exit > attachment` pays when the index rises, 0 at the attachment and everything
/// at the exit; `exit < attachment` pays when it falls, likewise; `exit == attachment` pays everything from there up.
///
/// Tiers, up to four in one word, tier i in bits [56 i, 56 i + 56), the first with share 0 ends the list:
///
///     | 16 bits share in basis points | 40 bits bound (signed) |
///
/// The index has reached a tier when index >= bound (rising, exit >= attachment) or index <= bound (falling); the
/// greatest share among the tiers reached is paid. The direction comes from attachment and exit, which say nothing else.
///
/// Magnitude events pack place and strength into one value, and the place insured into `area`:
///
///     value: | 32 bits magnitude, hundredths | 32 bits latitude (signed) | 32 bits longitude (signed) |   micro-degrees
///     area:  | 32 bits radius | 32 bits cos(latitude) · 10⁶ | 32 bits latitude | 32 bits longitude |     micro-degrees
///
/// Distance is equirectangular around the point insured: exact integers, wrong by well under 1 % within 300 km.
struct IndexTerms {
    IndexKind kind;
    int64 threshold;
    int64 attachment;
    int64 exit;
    uint256 tiers;
    uint128 area;
}

/// @title IndexEngine
/// @notice Turns measured values into an index and an index into a share of the sum insured.
/// @dev Integer arithmetic only; every division rounds down, towards the pool. `packages/sdk/src/insurance/engine.ts`
/// is its twin, bit for bit.
library IndexEngine {
    /// @notice The whole sum insured, in basis points.
    uint256 internal constant FULL_BPS = 10_000;

    uint256 private constant TIERS = 4;
    uint256 private constant TIER_BITS = 56;
    int256 private constant COS_SCALE = 1_000_000;
    int256 private constant HALF_TURN = 180_000_000;

    /// @notice Whether the terms can be settled: no tier above the whole sum, and no places in a packed season.
    function isValid(IndexTerms memory terms, bool ofSeason) internal pure returns (bool) {
        if (ofSeason && terms.kind == IndexKind.Magnitude) return false;
        for (uint256 i; i < TIERS; ++i) {
            if (_tierBps(terms.tiers, i) > FULL_BPS) return false;
        }
        return terms.tiers >> (TIERS * TIER_BITS) == 0;
    }

    /// @notice The index and the run it is in after the next value, in the order of observation; `first` before all others.
    function next(
        IndexTerms memory terms,
        bool first,
        int256 index,
        uint256 run,
        int256 value
    ) internal pure returns (int256, uint256) {
        IndexKind kind = terms.kind;
        int256 threshold = terms.threshold;
        if (kind == IndexKind.Sum) {
            index += value;
        } else if (kind == IndexKind.SumAbove) {
            if (value > threshold) index += value - threshold;
        } else if (kind == IndexKind.SumBelow) {
            if (value < threshold) index += threshold - value;
        } else if (kind == IndexKind.Maximum) {
            if (first || value > index) index = value;
        } else if (kind == IndexKind.Minimum) {
            if (first || value < index) index = value;
        } else if (kind == IndexKind.DaysAbove) {
            if (value > threshold) ++index;
        } else if (kind == IndexKind.DaysBelow) {
            if (value < threshold) ++index;
        } else if (kind == IndexKind.Magnitude) {
            int256 magnitude = _magnitudeWithin(value, terms.area);
            if (magnitude > index) index = magnitude;
        } else {
            bool counts = kind == IndexKind.RunAbove ? value > threshold : value < threshold;
            run = counts ? run + 1 : 0;
            if (int256(run) > index) index = int256(run);
        }
        return (index, run);
    }

    /// @notice The index of a packed season: values of 16 bits, signed, big endian, in the order of observation.
    /// @dev One pass over the calldata with a loop for each kind; `measurePlainly` says the same at leisure.
    /// `packed` holds a whole number of values, at least one; `Magnitude` is not for seasons.
    function measure(IndexTerms memory terms, bytes calldata packed) internal pure returns (int256 index) {
        uint256 kind = uint256(terms.kind);
        int256 threshold = terms.threshold;
        assembly ("memory-safe") {
            function load(at) -> value {
                value := signextend(1, shr(240, calldataload(at)))
            }
            let at := packed.offset
            let end := add(at, packed.length)
            switch kind
            case 0 {
                for {} lt(at, end) {
                    at := add(at, 2)
                } {
                    index := add(index, load(at))
                }
            }
            case 1 {
                for {} lt(at, end) {
                    at := add(at, 2)
                } {
                    let above := sub(load(at), threshold)
                    index := add(index, mul(above, sgt(above, 0)))
                }
            }
            case 2 {
                for {} lt(at, end) {
                    at := add(at, 2)
                } {
                    let below := sub(threshold, load(at))
                    index := add(index, mul(below, sgt(below, 0)))
                }
            }
            case 3 {
                index := load(at)
                for {} lt(at, end) {
                    at := add(at, 2)
                } {
                    let value := load(at)
                    if sgt(value, index) {
                        index := value
                    }
                }
            }
            case 4 {
                index := load(at)
                for {} lt(at, end) {
                    at := add(at, 2)
                } {
                    let value := load(at)
                    if slt(value, index) {
                        index := value
                    }
                }
            }
            case 5 {
                for {} lt(at, end) {
                    at := add(at, 2)
                } {
                    index := add(index, sgt(load(at), threshold))
                }
            }
            case 6 {
                for {} lt(at, end) {
                    at := add(at, 2)
                } {
                    index := add(index, slt(load(at), threshold))
                }
            }
            default {
                // Runs. Seen in a mirror, a value below the threshold is one above.
                let sign := 1
                if eq(kind, 8) {
                    sign := not(0)
                    threshold := sub(0, threshold)
                }
                let run := 0
                for {} lt(at, end) {
                    at := add(at, 2)
                } {
                    run := mul(add(run, 1), sgt(mul(sign, load(at)), threshold))
                    if sgt(run, index) {
                        index := run
                    }
                }
            }
        }
    }

    /// @notice As `measure`, one value after the other: the reference it is tested against.
    function measurePlainly(IndexTerms memory terms, bytes calldata packed) internal pure returns (int256 index) {
        uint256 run;
        for (uint256 i; i < packed.length; i += 2)
            (index, run) = next(terms, i == 0, index, run, int16(uint16(bytes2(packed[i:i + 2]))));
    }

    /// @notice The share of the sum insured that `index` pays, in basis points, rounded down.
    function payoutBps(IndexTerms memory terms, int256 index) internal pure returns (uint256) {
        int256 attachment = terms.attachment;
        int256 exit = terms.exit;
        if (terms.tiers != 0) return _tiered(terms.tiers, index, exit >= attachment);
        if (exit == attachment) return index >= attachment ? FULL_BPS : 0;
        // A falling index is a rising one seen in a mirror.
        if (exit < attachment) (index, attachment, exit) = (-index, -attachment, -exit);
        if (index <= attachment) return 0;
        if (index >= exit) return FULL_BPS;
        return (uint256(index - attachment) * FULL_BPS) / uint256(exit - attachment);
    }

    function _tiered(uint256 tiers, int256 index, bool rising) private pure returns (uint256 best) {
        for (uint256 i; i < TIERS; ++i) {
            uint256 bps = _tierBps(tiers, i);
            if (bps == 0) break;
            int256 bound = int40(uint40(tiers >> (TIER_BITS * i)));
            bool reached = rising ? index >= bound : index <= bound;
            if (reached && bps > best) best = bps;
        }
    }

    function _tierBps(uint256 tiers, uint256 i) private pure returns (uint256) {
        return uint16(tiers >> (TIER_BITS * i + 40));
    }

    function _magnitudeWithin(int256 value, uint128 area) private pure returns (int256) {
        int256 dLat = int256(int32(uint32(uint256(value) >> 32))) - int32(uint32(area >> 32));
        int256 dLon = int256(int32(uint32(uint256(value)))) - int32(uint32(area));
        // The shorter way around the globe.
        if (dLon > HALF_TURN) dLon -= 2 * HALF_TURN;
        if (dLon < -HALF_TURN) dLon += 2 * HALF_TURN;
        dLon = (dLon * int256(uint256(uint32(area >> 64)))) / COS_SCALE;
        int256 radius = int256(uint256(uint32(area >> 96)));
        if (dLat * dLat + dLon * dLon > radius * radius) return 0;
        return int256(uint256(uint32(uint256(value) >> 64)));
    }
}
