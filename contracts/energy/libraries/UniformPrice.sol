// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The book of one slot in one zone, summed around a claimed price. Energy in Wh, prices in ticks
/// (µ-currency per Wh).
/// @dev The bids' four words and the offers' lie in the same order, so that `StepLanes.fill` needs one path for both.
struct Cell {
    /// @notice The claimed price.
    int256 price;
    uint256 demandAbove;
    uint256 demandAt;
    /// @notice Energy for the bids exactly at the price, out of `demandAt`.
    uint256 boughtAt;
    /// @notice Quantity of the bids at the price already served, in id order.
    uint256 bidRun;
    uint256 supplyBelow;
    uint256 supplyAt;
    /// @notice Energy from the offers exactly at the price, out of `supplyAt`.
    uint256 soldAt;
    /// @notice Quantity of the offers at the price already served, in id order.
    uint256 offerRun;
    // The orders nearest to the price; see `bound`.
    int256 minBidAbove;
    int256 maxBidBelow;
    int256 maxOfferBelow;
    int256 minOfferAbove;
}

/// @notice The line between a zone and its parent. Zone 0 is the hub and has none.
struct Link {
    uint8 parent;
    /// @notice Ticks charged for each Wh that crosses, either way.
    uint32 feeTicks;
    /// @notice Wh a slot from the zone to the parent; the maximum means unlimited.
    uint64 exportCapWh;
    /// @notice Wh a slot from the parent to the zone; zero makes the line one-way (green may serve grey).
    uint64 importCapWh;
}

/// @notice Working memory of one zone while a slot is verified; all values in Wh or ticks.
struct Zone {
    // Net supply the zone's own orders allow: at least, where volume stops growing, at most.
    int256 low;
    int256 kink;
    int256 high;
    // The same with the zones below it.
    int256 sumLow;
    int256 sumKink;
    int256 sumHigh;
    // What of it may cross the line to the parent.
    int256 linkLow;
    int256 linkKink;
    int256 linkHigh;
    // Net flow to the parent, and the width already handed out to own orders and children.
    int256 flow;
    int256 run;
    // Competitive interval, and the range of (parent's price - own price) the flow allows.
    int256 floor;
    int256 ceiling;
    int256 gapLow;
    int256 gapHigh;
}

/// @notice How a slot ended in a zone.
/// @dev `Exact`: everybody at the price was served and only one price clears. `Interval`: several prices clear, the
/// rule chose. `MarginalBuyer` / `MarginalSeller`: the bids / offers at the price were rationed.
enum SlotOutcome {
    NoTrade,
    Exact,
    MarginalBuyer,
    MarginalSeller,
    Interval
}

/// @notice The claimed price does not clear a zone: at it, the zone (with the zones below it) cannot balance.
/// @dev Recompute the price from the same orders with the SDK's `clearBook`; `cell` is zone × slots + slot index.
error EnergyNotClearing(uint256 cell, uint256 demand, uint256 supply);
/// @notice The claimed price clears, but it is not the one the rule picks from the competitive interval [low, high].
/// @dev Claim low + ⌊share × (high - low)⌋; the SDK's `clearBook` returns it.
error EnergyPriceRule(uint256 cell, int256 low, int256 high, int256 price);

/// @title UniformPrice
/// @notice Verifies, in one pass over sums, that a claimed price clears a market, that no other price trades more, and
/// that it is the one price the rule allows; shares the margin so that fills sum exactly.
/// @dev A price p clears iff V = min(D> + D=, S< + S=) ≥ max(D>, S<): complementary slackness, so V and welfare are
/// maximal. With zones the same holds per zone with flows on a tree of links: every zone offers a range of net supply,
/// ranges add up towards the hub, and the hub must be able to reach zero. The flows are then handed out from the hub
/// down, pro rata with telescoping floors, so prices alone determine every fill.
library UniformPrice {
    /// @notice Stands for "no bound"; far outside the ticks and any sum of fees.
    int256 internal constant FAR = 1 << 22;
    int256 internal constant TICK_MIN = -16384;
    int256 internal constant TICK_MAX = 16383;
    uint256 internal constant SHARE_ONE = 10_000;

    /// @notice Makes a fresh cell ready for orders around `price`.
    function openCell(Cell memory cell, int256 price) internal pure {
        cell.price = price;
        cell.minBidAbove = FAR;
        cell.maxBidBelow = -FAR;
        cell.maxOfferBelow = -FAR;
        cell.minOfferAbove = FAR;
    }

    /// @notice Counts one order. The plain twin of `StepLanes.tally`.
    function add(Cell memory cell, bool isOffer, int256 tick, uint256 energyWh) internal pure {
        if (isOffer) {
            if (tick < cell.price) cell.supplyBelow += energyWh;
            else if (tick == cell.price) cell.supplyAt += energyWh;
        } else if (tick > cell.price) {
            cell.demandAbove += energyWh;
        } else if (tick == cell.price) {
            cell.demandAt += energyWh;
        }
    }

    /// @notice Notes how close one order comes to the price; needed only where nobody is rationed at it.
    function bound(Cell memory cell, bool isOffer, int256 tick, uint256 energyWh) internal pure {
        if (energyWh == 0) return;
        if (isOffer) {
            if (tick < cell.price) cell.maxOfferBelow = _max(tick, cell.maxOfferBelow);
            else if (tick > cell.price) cell.minOfferAbove = _min(tick, cell.minOfferAbove);
        } else {
            if (tick > cell.price) cell.minBidAbove = _min(tick, cell.minBidAbove);
            else if (tick < cell.price) cell.maxBidBelow = _max(tick, cell.maxBidBelow);
        }
    }

    /// @notice What one order gets; call in the same order of ids as `add`. The plain twin of `StepLanes.fill`.
    function take(Cell memory cell, bool isOffer, int256 tick, uint256 energyWh) internal pure returns (uint256 fill) {
        if (energyWh == 0) return 0;
        if (isOffer) {
            if (tick < cell.price) return energyWh;
            if (tick > cell.price) return 0;
            fill = ration(cell.offerRun, energyWh, cell.soldAt, cell.supplyAt);
            cell.offerRun += energyWh;
        } else {
            if (tick > cell.price) return energyWh;
            if (tick < cell.price) return 0;
            fill = ration(cell.bidRun, energyWh, cell.boughtAt, cell.demandAt);
            cell.bidRun += energyWh;
        }
    }

    /// @notice The share of `given` out of `total` for the stretch [run, run + width): telescoping floors, so that
    /// consecutive stretches sum exactly to `given` and none exceeds its width.
    function ration(uint256 run, uint256 width, uint256 given, uint256 total) internal pure returns (uint256) {
        unchecked {
            return ((run + width) * given) / total - (run * given) / total;
        }
    }

    /// @notice Verifies that slot `t` of every zone clears and sets what the orders at the margin get.
    /// @param cells Zone-major: the cell of zone z is `z × slots + t`.
    /// @param links One a zone, parents before children.
    /// @param zones Working memory, one a zone; overwritten.
    /// @return volume Wh traded in the slot, all zones.
    /// @return pinned Whether a rationed order pins the price in every zone; if not, `bound` every order of the slot
    /// before the rule is checked.
    function solve(
        Cell[] memory cells,
        uint256 slots,
        uint256 t,
        Link[] memory links,
        Zone[] memory zones
    ) internal pure returns (uint256 volume, bool pinned) {
        _gather(cells, slots, t, links, zones);
        return _distribute(cells, slots, t, links, zones);
    }

    /// @notice After `solve`: demands that the claimed prices are the ones of the rule.
    /// @param share Where in the competitive interval the price lies, of 10,000 (5,000 = midpoint, floor).
    function checkRule(
        Cell[] memory cells,
        uint256 slots,
        uint256 t,
        Link[] memory links,
        Zone[] memory zones,
        uint256 share
    ) internal pure {
        findIntervals(cells, slots, t, links, zones);
        for (uint256 z = 0; z < links.length; ++z) {
            int256 price = cells[z * slots + t].price;
            if (price != ruled(zones[z], share))
                revert EnergyPriceRule(z * slots + t, zones[z].floor, zones[z].ceiling, price);
        }
    }

    /// @notice The price of the rule: low + ⌊share × (high - low)⌋.
    function ruled(Zone memory zone, uint256 share) internal pure returns (int256) {
        unchecked {
            return zone.floor + int256((uint256(zone.ceiling - zone.floor) * share) / SHARE_ONE);
        }
    }

    /// @notice What happened in a zone, after `clear`.
    function outcome(Cell memory cell, Zone memory zone) internal pure returns (SlotOutcome) {
        if (cell.demandAbove + cell.boughtAt + cell.supplyBelow + cell.soldAt == 0) return SlotOutcome.NoTrade;
        if (cell.boughtAt < cell.demandAt) return SlotOutcome.MarginalBuyer;
        if (cell.soldAt < cell.supplyAt) return SlotOutcome.MarginalSeller;
        return zone.ceiling > zone.floor ? SlotOutcome.Interval : SlotOutcome.Exact;
    }

    /// @dev From the leaves to the hub: the range of net supply each zone can send up its line.
    function _gather(
        Cell[] memory cells,
        uint256 slots,
        uint256 t,
        Link[] memory links,
        Zone[] memory zones
    ) private pure {
        uint256 count = links.length;
        unchecked {
            for (uint256 z = 0; z < count; ++z) {
                Cell memory cell = cells[z * slots + t];
                Zone memory zone = zones[z];
                int256 demand = int256(cell.demandAbove + cell.demandAt);
                int256 supply = int256(cell.supplyBelow + cell.supplyAt);
                zone.sumLow = zone.low = int256(cell.supplyBelow) - demand;
                zone.sumKink = zone.kink = supply - demand;
                zone.sumHigh = zone.high = supply - int256(cell.demandAbove);
                zone.run = 0;
            }
            for (uint256 z = count; z-- > 1;) {
                Zone memory zone = zones[z];
                Link memory link = links[z];
                int256 gap = cells[uint256(link.parent) * slots + t].price - cells[z * slots + t].price;
                (int256 least, int256 most) = _lineRange(gap, link);
                if (zone.sumHigh < least || zone.sumLow > most) _notClearing(cells, z * slots + t);
                zone.linkLow = _max(zone.sumLow, least);
                zone.linkHigh = _min(zone.sumHigh, most);
                zone.linkKink = _min(_max(zone.sumKink, zone.linkLow), zone.linkHigh);
                Zone memory parent = zones[link.parent];
                parent.sumLow += zone.linkLow;
                parent.sumKink += zone.linkKink;
                parent.sumHigh += zone.linkHigh;
            }
        }
        if (zones[0].sumLow > 0 || zones[0].sumHigh < 0) _notClearing(cells, t);
    }

    /// @dev Flows a line may carry when the parent's price is `gap` above the zone's.
    function _lineRange(int256 gap, Link memory link) private pure returns (int256 least, int256 most) {
        int256 fee = int256(uint256(link.feeTicks));
        int256 exportCap = int256(uint256(link.exportCapWh));
        int256 importCap = int256(uint256(link.importCapWh));
        if (gap > fee) return (exportCap, exportCap);
        if (gap < -fee) return (-importCap, -importCap);
        return (gap == -fee ? -importCap : int256(0), gap == fee ? exportCap : int256(0));
    }

    /// @dev From the hub to the leaves: hands out the flows, then the energy at each zone's margin.
    function _distribute(
        Cell[] memory cells,
        uint256 slots,
        uint256 t,
        Link[] memory links,
        Zone[] memory zones
    ) private pure returns (uint256 volume, bool pinned) {
        uint256 count = links.length;
        pinned = true;
        unchecked {
            for (uint256 z = 0; z < count; ++z) {
                Zone memory zone = zones[z];
                zone.flow =
                    z == 0 ? int256(0) : _part(zones[links[z].parent], zone.linkLow, zone.linkKink, zone.linkHigh);
                int256 net = _part(zone, zone.low, zone.kink, zone.high);
                Cell memory cell = cells[z * slots + t];
                uint256 demand = cell.demandAbove + cell.demandAt;
                // Up to the kink all bids are served, above it all offers are.
                if (net < zone.kink) {
                    cell.boughtAt = cell.demandAt;
                    cell.soldAt = uint256(int256(demand) + net) - cell.supplyBelow;
                } else {
                    cell.soldAt = cell.supplyAt;
                    cell.boughtAt = uint256(int256(cell.supplyBelow + cell.supplyAt) - net) - cell.demandAbove;
                }
                volume += cell.supplyBelow + cell.soldAt;
                pinned = pinned && _pinsFloor(cell) && _pinsCeiling(cell);
            }
        }
    }

    /// @dev The part of `owner.flow` that falls to one contributor: below the kink pro rata to the stretch that adds
    /// volume, above it pro rata to the stretch that does not.
    function _part(Zone memory owner, int256 low, int256 kink, int256 high) private pure returns (int256 part) {
        unchecked {
            int256 flow = owner.flow;
            int256 total;
            int256 width;
            if (flow <= owner.sumKink) {
                (part, width) = (low, kink - low);
                total = owner.sumKink - owner.sumLow;
                flow -= owner.sumLow;
            } else {
                (part, width) = (kink, high - kink);
                total = owner.sumHigh - owner.sumKink;
                flow -= owner.sumKink;
            }
            if (total == 0) return part;
            part += int256(ration(uint256(owner.run), uint256(width), uint256(flow), uint256(total)));
            owner.run += width;
        }
    }

    /// @notice After `solve`: the competitive interval of every zone.
    /// @dev The competitive prices form a lattice: its least and greatest vectors follow from each zone's own bounds
    /// pushed along the lines, and every mixture of the two, floored, lies inside.
    function findIntervals(
        Cell[] memory cells,
        uint256 slots,
        uint256 t,
        Link[] memory links,
        Zone[] memory zones
    ) internal pure {
        uint256 count = links.length;
        unchecked {
            for (uint256 z = count; z-- > 0;) {
                _ownBounds(cells[z * slots + t], zones[z]);
                if (z != 0) _gapBounds(zones[z], links[z]);
            }
            for (uint256 z = count; z-- > 1;) {
                Zone memory zone = zones[z];
                Zone memory parent = zones[links[z].parent];
                parent.floor = _max(parent.floor, zone.floor + zone.gapLow);
                parent.ceiling = _min(parent.ceiling, zone.ceiling + zone.gapHigh);
            }
            for (uint256 z = 1; z < count; ++z) {
                Zone memory zone = zones[z];
                Zone memory parent = zones[links[z].parent];
                zone.floor = _max(zone.floor, parent.floor - zone.gapHigh);
                zone.ceiling = _min(zone.ceiling, parent.ceiling - zone.gapLow);
            }
        }
    }

    /// @dev No accepted offer or unserved bid above the price, no accepted bid or unserved offer below it.
    function _ownBounds(Cell memory cell, Zone memory zone) private pure {
        zone.floor = _pinsFloor(cell) ? cell.price : _max(cell.maxOfferBelow, cell.maxBidBelow);
        zone.ceiling = _pinsCeiling(cell) ? cell.price : _min(cell.minBidAbove, cell.minOfferAbove);
    }

    /// @dev An accepted offer, or a bid not fully served, stands exactly at the price.
    function _pinsFloor(Cell memory cell) private pure returns (bool) {
        return cell.soldAt != 0 || cell.boughtAt < cell.demandAt;
    }

    /// @dev An accepted bid, or an offer not fully served, stands exactly at the price.
    function _pinsCeiling(Cell memory cell) private pure returns (bool) {
        return cell.boughtAt != 0 || cell.soldAt < cell.supplyAt;
    }

    /// @dev A line in use pins the gap to its fee; one that is full only bounds it.
    function _gapBounds(Zone memory zone, Link memory link) private pure {
        int256 fee = int256(uint256(link.feeTicks));
        int256 unbounded = FAR << 4;
        int256 flow = zone.flow;
        zone.gapLow = flow > 0 ? fee : -fee;
        zone.gapHigh = flow < 0 ? -fee : fee;
        if (flow >= 0 && flow == int256(uint256(link.exportCapWh))) zone.gapHigh = unbounded;
        if (flow <= 0 && -flow == int256(uint256(link.importCapWh))) zone.gapLow = -unbounded;
    }

    function _notClearing(Cell[] memory cells, uint256 index) private pure {
        Cell memory cell = cells[index];
        revert EnergyNotClearing(index, cell.demandAbove + cell.demandAt, cell.supplyBelow + cell.supplyAt);
    }

    function _max(int256 a, int256 b) private pure returns (int256) {
        return a > b ? a : b;
    }

    function _min(int256 a, int256 b) private pure returns (int256) {
        return a < b ? a : b;
    }
}
