// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {CellWords} from "../../contracts/energy/libraries/CellWords.sol";
import {Cell, UniformPrice} from "../../contracts/energy/libraries/UniformPrice.sol";

/// @notice What a large book hands from one transaction to the next of its cells loses nothing on the way.
contract CellWordsTest is Test {
    uint256 private constant CELLS = 3;
    uint256 private constant SUM = (1 << 48) - 1;

    /// @dev Sums of full width, bounds at any tick, bounds that nobody sets.
    function testFuzz_sumsAndNearestOrdersSurviveTheirWord(bytes32 seed) external view {
        Cell[] memory cells = new Cell[](CELLS);
        bytes memory expected;
        for (uint256 i = 0; i < CELLS; ++i) {
            Cell memory cell = cells[i];
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            (cell.demandAbove, cell.demandAt) = (random & SUM, (random >> 48) & SUM);
            (cell.supplyBelow, cell.supplyAt) = ((random >> 96) & SUM, (random >> 144) & SUM);
            random = uint256(keccak256(abi.encode(random)));
            (cell.minBidAbove, cell.maxBidBelow) = (_tick(random), _tick(random >> 64));
            (cell.maxOfferBelow, cell.minOfferAbove) = (_tick(random >> 128), _tick(random >> 192));
            bytes memory sums = abi.encodePacked(
                uint48(cell.demandAbove),
                uint48(cell.demandAt),
                uint48(cell.supplyBelow),
                uint48(cell.supplyAt)
            );
            bytes memory bounds = abi.encodePacked(_near(cell.minBidAbove), _near(cell.maxBidBelow));
            bounds = abi.encodePacked(bounds, _near(cell.maxOfferBelow), _near(cell.minOfferAbove));
            expected = abi.encodePacked(expected, sums, bounds);
        }
        bytes memory packed = CellWords.packSums(cells);
        assertEq(packed, expected, "one word a cell");
        assertEq(abi.encode(this.unpackSums(packed)), abi.encode(cells), "and back");
    }

    /// @dev A count that has only begun finds its cells as they were opened.
    function test_nothingHandedOnLeavesFreshCells() external view {
        Cell[] memory fresh = new Cell[](CELLS);
        assertEq(abi.encode(this.unpackSums("")), abi.encode(fresh), "untouched");
    }

    /// @dev Prices of either sign, energy of full width.
    function testFuzz_sharesSurviveTheirTwoWords(bytes32 seed) external pure {
        Cell[] memory cells = new Cell[](CELLS);
        Cell[] memory back = new Cell[](CELLS);
        bytes memory expected;
        for (uint256 i = 0; i < CELLS; ++i) {
            Cell memory cell = cells[i];
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            cell.price = int32(uint32(random >> 192));
            (cell.demandAt, cell.boughtAt, cell.bidRun) = (random & SUM, (random >> 48) & SUM, (random >> 96) & SUM);
            random = uint256(keccak256(abi.encode(random)));
            (cell.supplyAt, cell.soldAt, cell.offerRun) = (random & SUM, (random >> 48) & SUM, (random >> 96) & SUM);
            bytes memory bids = abi.encodePacked(uint48(cell.demandAt), uint48(cell.boughtAt), uint48(cell.bidRun));
            bytes memory offers = abi.encodePacked(uint48(cell.supplyAt), uint48(cell.soldAt), uint48(cell.offerRun));
            expected = abi.encodePacked(expected, uint80(0), int32(cell.price), bids, uint112(0), offers);
        }
        bytes memory packed = CellWords.packShares(cells);
        assertEq(packed, expected, "two words a cell");
        CellWords.unpackShares(back, packed);
        assertEq(abi.encode(back), abi.encode(cells), "and back");
    }

    function test_appendKeepsTheListAndAddsOneAtItsEnd() external pure {
        bytes32[] memory list = new bytes32[](0);
        for (uint256 i = 1; i <= 3; ++i) {
            list = CellWords.append(list, bytes32(i));
            assertEq(list.length, i, "one more");
            for (uint256 j = 0; j < i; ++j) assertEq(list[j], bytes32(j + 1), "in order");
        }
    }

    function unpackSums(bytes calldata packed) external pure returns (Cell[] memory cells) {
        cells = new Cell[](CELLS);
        CellWords.unpackSums(cells, packed);
    }

    /// @dev Any tick, every third time none.
    function _tick(uint256 random) private pure returns (int256) {
        random &= type(uint64).max;
        if (random % 3 == 0) return (random >> 32) % 2 == 0 ? UniformPrice.FAR : -UniformPrice.FAR;
        return int256((random >> 32) % (1 << 15)) + UniformPrice.TICK_MIN;
    }

    function _near(int256 tick) private pure returns (int16) {
        if (tick == UniformPrice.FAR) return type(int16).max;
        return tick == -UniformPrice.FAR ? type(int16).min : int16(tick);
    }
}
