// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {StepLanes} from "../../contracts/energy/libraries/StepLanes.sol";
import {Cell, UniformPrice} from "../../contracts/energy/libraries/UniformPrice.sol";

/// @notice The hot loops against their plain twins where random books seldom go: at and around the outermost ticks.
contract StepLanesTest is Test {
    uint256 private constant ZONES = 2;
    uint256 private constant SLOTS = 9;
    uint256 private constant TICKS = 7;
    uint256 private constant STEPS = 2 * TICKS;

    /// @dev Orders of both sides at the lowest and highest ticks and around zero meet prices there and just outside, in
    /// two zones of two words each. A price outside the ticks moves energy like its twin, but no money.
    function test_theOutermostTicksAreCountedAndServedLikeInThePlainTwin() external view {
        int256[TICKS] memory ticks = [UniformPrice.TICK_MIN, -16383, -1, 0, 1, 16382, UniformPrice.TICK_MAX];
        bytes memory curves;
        for (uint256 k = 0; k < STEPS; ++k) {
            uint256 energyWh = k % 3 == 0 ? type(uint32).max >> 1 : 1_000 + k;
            uint256 key = uint256(ticks[k % TICKS] - UniformPrice.TICK_MIN);
            uint48 step = uint48(((k / TICKS) << 47) | (key << 32) | energyWh);
            for (uint256 t = 0; t < SLOTS; ++t) curves = abi.encodePacked(curves, step);
        }
        this.agree(abi.encodePacked(curves, bytes32(type(uint256).max)));
    }

    function agree(bytes calldata curves) external pure {
        Cell[] memory cells = _open();
        Cell[] memory plain = _open();
        uint256 lanes = StepLanes.open(cells, SLOTS);
        for (uint256 z = 0; z < ZONES; ++z)
            for (uint256 k = 0; k < STEPS; ++k) _count(plain, z, lanes, _pointer(curves) + k * SLOTS * 6);
        StepLanes.gather(cells, SLOTS, lanes);
        assertEq(abi.encode(cells), abi.encode(plain), "sums");
        _share(cells);
        _share(plain);
        for (uint256 z = 0; z < ZONES; ++z)
            for (uint256 k = 0; k < STEPS; ++k) _serve(cells, plain, z, lanes, _pointer(curves) + k * SLOTS * 6);
        assertEq(abi.encode(cells), abi.encode(plain), "runs");
    }

    /// @dev A book of one slot takes a shorter way, to the same sums, costs and fills.
    function testFuzz_oneStepAloneCountsLikeAmongOthers(int16 price, uint48 step, bool near) external view {
        // An order at the price itself is what random ticks would seldom give.
        if (near) step = uint48((step & ~(uint256(0x7fff) << 32)) | ((uint256(int256(price) + 16384) & 0x7fff) << 32));
        this.oneAgrees(abi.encodePacked(step, bytes32(type(uint256).max)), price);
    }

    function oneAgrees(bytes calldata curve, int256 price) external pure {
        (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(_pointer(curve));
        Cell memory cell;
        Cell memory plain;
        UniformPrice.openCell(cell, price);
        UniformPrice.openCell(plain, price);
        uint256 worst = isOffer ? (tick < 0 ? uint256(-tick) : 0) : (tick > 0 ? uint256(tick) : 0);
        assertEq(StepLanes.tallyOne(cell, _pointer(curve)), worst * energyWh, "the most it can cost");
        assertEq(StepLanes.cost(1, _pointer(curve)), worst * energyWh, "and without counting");
        UniformPrice.add(plain, isOffer, tick, energyWh);
        assertEq(abi.encode(cell), abi.encode(plain), "sums");
        (cell.boughtAt, cell.soldAt) = (cell.demandAt / 3, cell.supplyAt / 3);
        (plain.boughtAt, plain.soldAt) = (cell.boughtAt, cell.soldAt);
        int256 position = int256(UniformPrice.take(plain, isOffer, tick, energyWh)) * (isOffer ? int256(1) : -1);
        bytes memory out = new bytes(32);
        uint256 place;
        assembly ("memory-safe") {
            place := add(out, 0x20)
        }
        assertEq(StepLanes.fillOne(cell, _pointer(curve), place), position * price, "money");
        assertEq(out, abi.encodePacked(int32(position), bytes28(0)), "position");
        assertEq(abi.encode(cell), abi.encode(plain), "runs");
    }

    function _count(Cell[] memory plain, uint256 z, uint256 lanes, uint256 pointer) private pure {
        uint256 zone = lanes + z * StepLanes.size(SLOTS);
        assertEq(StepLanes.tally(zone, SLOTS, pointer), StepLanes.cost(SLOTS, pointer), "worst case");
        for (uint256 t = 0; t < SLOTS; ++t) {
            (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(pointer + 6 * t);
            UniformPrice.add(plain[z * SLOTS + t], isOffer, tick, energyWh);
        }
    }

    function _serve(Cell[] memory cells, Cell[] memory plain, uint256 z, uint256 lanes, uint256 pointer) private pure {
        bytes memory out = new bytes(SLOTS * 4 + 32);
        uint256 place;
        assembly ("memory-safe") {
            place := add(out, 0x20)
        }
        uint256 zone = lanes + z * StepLanes.size(SLOTS);
        int256 money = StepLanes.fill(cells, z * SLOTS, zone, SLOTS, pointer, place);
        bytes memory expected;
        for (uint256 t = 0; t < SLOTS; ++t) {
            Cell memory cell = plain[z * SLOTS + t];
            (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(pointer + 6 * t);
            int256 position = int256(UniformPrice.take(cell, isOffer, tick, energyWh)) * (isOffer ? int256(1) : -1);
            bool inside = cell.price >= UniformPrice.TICK_MIN && cell.price <= UniformPrice.TICK_MAX;
            if (inside) money -= position * cell.price;
            expected = abi.encodePacked(expected, int32(position));
        }
        assertEq(money, 0, "money");
        assertEq(out, abi.encodePacked(expected, bytes32(0)), "positions");
    }

    function _open() private pure returns (Cell[] memory cells) {
        int256[SLOTS] memory prices = [-16385, UniformPrice.TICK_MIN, -16383, -1, 0, 1, 16382, 16383, 16384];
        cells = new Cell[](ZONES * SLOTS);
        for (uint256 t = 0; t < SLOTS; ++t) {
            UniformPrice.openCell(cells[t], prices[t]);
            UniformPrice.openCell(cells[SLOTS + t], prices[SLOTS - 1 - t]);
        }
    }

    /// @dev Two thirds of what stands at each price.
    function _share(Cell[] memory cells) private pure {
        for (uint256 i = 0; i < cells.length; ++i) {
            cells[i].boughtAt = (cells[i].demandAt * 2) / 3;
            cells[i].soldAt = (cells[i].supplyAt * 2) / 3;
        }
    }

    function _pointer(bytes calldata curves) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := curves.offset
        }
    }
}
